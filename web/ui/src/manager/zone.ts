/** Times as the property's clocks show them. Everything is kept in UTC. */

interface Wall {
  year: number; month: number; day: number; hour: number; minute: number;
}

function wallOf(at: Date, zone: string): Wall {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
  }).formatToParts(at);
  const n = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return { year: n('year'), month: n('month'), day: n('day'), hour: n('hour'), minute: n('minute') };
}

const pad = (n: number, digits = 2) => String(n).padStart(digits, '0');

/** "2026-11-22T10:05", as datetime-local fields write it, of a moment. */
export function wallTime(at: Date, zone: string): string {
  const w = wallOf(at, zone);
  return `${pad(w.year, 4)}-${pad(w.month)}-${pad(w.day)}T${pad(w.hour)}:${pad(w.minute)}`;
}

/**
 * The moment at which clocks in zone show the given wall time; undefined for
 * what is no time. A time that clocks skip in spring is the one after the jump,
 * one that comes twice in autumn the first.
 */
export function momentOf(wall: string, zone: string): Date | undefined {
  const m = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})/.exec(wall);
  if (!m) return undefined;
  const [year, month, day, hour, minute] = m.slice(1).map(Number) as [number, number, number, number, number];
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  if (Number.isNaN(wanted)) return undefined;
  const offset = (ms: number) => {
    const w = wallOf(new Date(ms), zone);
    return Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute) - Math.floor(ms / 60_000) * 60_000;
  };
  const before = offset(wanted - 86_400_000);
  const after = offset(wanted + 86_400_000);
  for (const o of [before, after]) if (offset(wanted - o) === o) return new Date(wanted - o);
  return new Date(wanted - before);
}

/** The moment at which the day that contains at begins, days earlier. */
export function startOfDay(at: Date, zone: string, daysBefore = 0): Date {
  const w = wallOf(at, zone);
  const day = new Date(Date.UTC(w.year, w.month - 1, w.day - daysBefore));
  return momentOf(`${day.toISOString().slice(0, 10)}T00:00`, zone)!;
}
