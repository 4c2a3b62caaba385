import type { EventQuery } from '../lib/api';
import { momentOf, startOfDay } from './zone';

/** What of the event log is shown, as the page's address keeps it. */
export interface Filter {
  q: string;
  /** "" | today | week | month | range */
  span: string;
  /** Wall times of the property, for span "range". */
  from: string;
  to: string;
  /** A group's name, or one kind: "parcels", "parcel.stored.v1". */
  kind: string;
  resident: string;
  carrier: string;
  courier: string;
  parcel: string;
  visit: string;
  slot: string;
}

export const emptyFilter: Filter = {
  q: '', span: '', from: '', to: '', kind: '', resident: '', carrier: '', courier: '', parcel: '', visit: '', slot: '',
};

/** Every kind of event, by what it is about. */
export const kindGroups: Record<string, string[]> = {
  parcels: [
    'parcel.registered.v1', 'parcel.stored.v1', 'parcel.moved.v1', 'parcel.unidentified.v1', 'parcel.identified.v1', 'parcel.taken.v1',
    'parcel.putback.v1', 'parcel.collected.v1', 'parcel.missing.v1', 'parcel.resolved.v1', 'parcel.dropped.v1',
  ],
  incidents: ['incident.opened.v1', 'incident.resolved.v1'],
  visits: ['visit.started.v1', 'visit.entered.v1', 'visit.leaving.v1', 'visit.ended.v1', 'access.denied.v1', 'access.pictured.v1'],
  door: ['door.unlocked.v1', 'door.refused.v1', 'door.opened.v1', 'door.closed.v1', 'door.locked.v1', 'door.fault.v1'],
  guide: ['guide.stepped.v1', 'prompt.spoken.v1', 'laser.calibrated.v1'],
  cameras: ['camera.lost.v1', 'camera.back.v1', 'clip.saved.v1', 'clip.viewed.v1', 'clip.exported.v1', 'clip.held.v1', 'clip.released.v1'],
  settings: ['credential.issued.v1', 'credential.revoked.v1', 'roster.imported.v1', 'resident.saved.v1', 'courier.saved.v1'],
};

export function readFilter(search: string): Filter {
  const q = new URLSearchParams(search);
  const f = { ...emptyFilter };
  for (const name of Object.keys(f) as (keyof Filter)[]) f[name] = q.get(name) ?? '';
  return f;
}

export function writeFilter(f: Filter): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(f)) {
    if (!value || (f.span !== 'range' && (name === 'from' || name === 'to'))) continue;
    q.set(name, value);
  }
  const text = q.toString();
  return text ? `?${text}` : '';
}

/** The request for a page of the log: its first, or the one before a position. */
export function eventQuery(f: Filter, zone: string, now: Date, limit: number, before?: number): EventQuery {
  const query: EventQuery = { limit };
  for (const name of ['q', 'resident', 'carrier', 'courier', 'parcel', 'visit', 'slot'] as const) if (f[name]) query[name] = f[name].trim();
  if (f.kind) query.kind = (kindGroups[f.kind] ?? [f.kind]).join(',');
  if (before) query.before = before;
  return { ...query, ...spanQuery(f, zone, now) };
}

/** The moments between which a filter's span lies. */
export function spanQuery(f: Filter, zone: string, now: Date): { from?: string; to?: string } {
  const days = { today: 0, week: 6, month: 29 }[f.span];
  if (days !== undefined) return { from: startOfDay(now, zone, days).toISOString() };
  if (f.span !== 'range') return {};
  const from = momentOf(f.from, zone);
  const to = momentOf(f.to, zone);
  return {
    ...(from && { from: from.toISOString() }),
    ...(to && { to: new Date(to.getTime() + 60_000).toISOString() }), // the minute named is shown too
  };
}

/** Whether the range ends before it begins. */
export function upsideDown(f: Filter): boolean {
  return f.span === 'range' && f.from !== '' && f.to !== '' && f.to < f.from;
}
