import type { Parcel, RoomView } from '../lib/types';

/** Packages that lie on slots now, by slot. */
export function bySlot(v: RoomView): Record<string, Parcel[]> {
  const out: Record<string, Parcel[]> = {};
  for (const p of v.parcels) if (p.slot && isHere(p)) (out[p.slot] ??= []).push(p);
  return out;
}

export const isHere = (p: Parcel): boolean => Boolean(p.slot) && (p.state === 'stored' || p.state === 'unidentified' || p.state === 'held');

/** Labels that wait for their package while no visit will bring it any more. */
const stranded = (p: Parcel, v: RoomView): boolean => p.state === 'registered' && !v.visits.some((x) => x.id === p.visit);

/** Packages that a person must decide about: whose they are first, then where they are. */
export function needsDeciding(v: RoomView): Parcel[] {
  const rank = (p: Parcel): number => (p.state === 'unidentified' ? 0 : p.state === 'missing' ? 1 : stranded(p, v) ? 2 : 9);
  return v.parcels
    .filter((p) => rank(p) < 9)
    .sort((a, b) => rank(a) - rank(b) || (a.stored ?? a.registered ?? '').localeCompare(b.stored ?? b.registered ?? ''));
}

/** The labels that an unidentified package may belong to: those vision named first, then all that wait; none where its own is known. */
export function candidatesOf(p: Parcel, v: RoomView): { parcel: Parcel; likely: boolean }[] {
  if (p.state !== 'unidentified' || p.label_photo || p.tracking) return [];
  const waiting = v.parcels.filter((c) => c.state === 'registered' && c.id !== p.id);
  const named = (p.candidates ?? []).flatMap((id) => waiting.find((c) => c.id === id) ?? []);
  const rest = waiting.filter((c) => !named.includes(c)).sort((a, b) => Number(b.visit === p.visit) - Number(a.visit === p.visit));
  return [...named.map((parcel) => ({ parcel, likely: true })), ...rest.map((parcel) => ({ parcel, likely: false }))];
}

/** Whether every word of q begins a word of the package's name, unit, carrier or slot, or is part of its number. */
export function fits(p: Parcel, q: string): boolean {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const heads = [p.name, p.unit, p.carrier, p.slot].flatMap((s) => (s ?? '').toLowerCase().split(/\s+/));
  const tracking = (p.tracking ?? '').toLowerCase();
  return words.every((w) => heads.some((h) => h.startsWith(w)) || (w.length >= 3 && tracking.includes(w)));
}

export type Action = 'join' | 'assign' | 'returned' | 'held' | 'released' | 'collected' | 'missing';

/** What may be decided about a package in its state. */
export function actionsFor(p: Parcel, joinable: boolean): Action[] {
  const all: Action[] = [];
  if (joinable) all.push('join');
  if (p.state === 'held' && p.slot) all.push('released');
  all.push('assign');
  if (p.state !== 'held') all.push('held');
  all.push('returned', 'collected');
  if (p.state !== 'missing') all.push('missing');
  return all;
}
