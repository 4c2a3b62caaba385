import type { FootageView, RoomEvent, Span } from '../lib/types';
import { cameraOf, kindWord } from './sentence';

/** What of time is shown: milliseconds since 1970 of its left edge, and how much. */
export interface Window {
  from: number;
  span: number;
}

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;
export const spanLeast = 10 * second;
/** A day with an hour more: the night in autumn when clocks are set back. */
export const spanMost = day + hour;

const clamp = (n: number, least: number, most: number) => Math.min(most, Math.max(least, n));

/** Shows less (factor below 1) or more of time around a moment, which stays where it is. */
export function zoom(w: Window, factor: number, around: number): Window {
  const span = clamp(w.span * factor, spanLeast, spanMost);
  const share = clamp((around - w.from) / w.span, 0, 1);
  return { from: around - share * span, span };
}

export const pan = (w: Window, share: number): Window => ({ ...w, from: w.from + share * w.span });

/** Moves the window no further than needed for a moment to be well inside. */
export function reveal(w: Window, at: number): Window {
  if (at >= w.from + w.span * 0.02 && at <= w.from + w.span * 0.98) return w;
  return { ...w, from: at - w.span / 2 };
}

/** Where a moment is, in percent of the window's width. */
export const place = (w: Window, at: number): number => ((at - w.from) / w.span) * 100;

const steps = [1, 2, 5, 10, 15, 30].map((n) => n * second)
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * minute), [1, 2, 3, 6, 12, 24].map((n) => n * hour));

/** Moments to be named, at most so many, on round wall times: offset is the zone's. */
export function ticks(w: Window, most: number, offset: (at: number) => number): { at: number; step: number }[] {
  const step = steps.find((s) => w.span / s <= most) ?? day;
  const shift = offset(w.from);
  const out = [];
  for (let at = Math.ceil((w.from + shift) / step) * step - shift; at <= w.from + w.span; at += step) out.push({ at, step });
  return out;
}

export type MarkKind = 'incident' | 'entry' | 'placed' | 'removed' | 'moved' | 'clip';
/** What outweighs what where marks fall together. */
export const markKinds: MarkKind[] = ['incident', 'removed', 'placed', 'moved', 'entry', 'clip'];

const kindOf: Record<string, MarkKind> = {
  'incident.opened': 'incident', 'parcel.missing': 'incident', 'access.denied': 'incident', 'door.fault': 'incident',
  'visit.entered': 'entry', 'door.opened': 'entry', 'visit.ended': 'entry',
  'parcel.stored': 'placed', 'parcel.unidentified': 'placed', 'parcel.putback': 'placed',
  'parcel.taken': 'removed', 'parcel.collected': 'removed', 'parcel.moved': 'moved',
  'clip.viewed': 'clip', 'clip.exported': 'clip', 'clip.held': 'clip', 'clip.released': 'clip',
};

/** How an event is drawn; undefined: it is not. */
export const markOf = (e: RoomEvent): MarkKind | undefined => kindOf[kindWord(e.kind)];

/** The log's kinds that are drawn, as its filter takes them. */
export const drawnKinds = Object.keys(kindOf).map((k) => `${k}.v1`).join(',');

export interface Mark {
  at: number;
  kind: MarkKind;
  events: RoomEvent[];
}

/** Events of one lane as marks, those that would lie on one another in one. */
export function marks(events: RoomEvent[], w: Window, apart = 1.2): Mark[] {
  const out: Mark[] = [];
  const sorted = events.filter(markOf).sort((a, b) => a.time.localeCompare(b.time));
  for (const e of sorted) {
    const at = Date.parse(e.time);
    const kind = markOf(e)!;
    const last = out.at(-1);
    if (last && place(w, at) - place(w, last.at) < apart) {
      last.events.push(e);
      if (markKinds.indexOf(kind) < markKinds.indexOf(last.kind)) last.kind = kind;
    } else {
      out.push({ at, kind, events: [e] });
    }
  }
  return out;
}

/** The lane an event belongs to: its camera, that of its slot, or "" for the door. */
export const laneOf = (e: RoomEvent, ofSlot: Map<string, string>): string => cameraOf(e) || ofSlot.get(e.slot ?? '') || '';

/** The parts of a window that no footage covers, up to now. */
export function gaps(spans: Span[], w: Window, now: number): { from: number; to: number }[] {
  const out = [];
  let at = w.from;
  const end = Math.min(w.from + w.span, now);
  for (const s of spans) {
    const from = Date.parse(s.from);
    if (from > at) out.push({ from: at, to: Math.min(from, end) });
    at = Math.max(at, Date.parse(s.to));
  }
  if (at < end) out.push({ from: at, to: end });
  return out.filter((g) => g.to > g.from);
}

/** Where there is footage next, from a moment on; undefined: nowhere. */
export function nextFootage(view: FootageView | undefined, at: number): number | undefined {
  for (const s of view?.spans ?? []) {
    if (Date.parse(s.to) - at > 500) return Math.max(at, Date.parse(s.from));
  }
  return undefined;
}

/** The nearest drawn event before or after a moment. */
export function neighbour(events: RoomEvent[], at: number, forward: boolean): RoomEvent | undefined {
  const times = events.filter(markOf).sort((a, b) => a.time.localeCompare(b.time));
  return forward ? times.find((e) => Date.parse(e.time) > at + 500) : times.findLast((e) => Date.parse(e.time) < at - 500);
}

/** The address of a moment: of the page, or of the same page to come back to. */
export function writePlace(at: number, span: number, camera: string): string {
  const q = new URLSearchParams({ at: new Date(at).toISOString(), span: String(Math.round(span / second)) });
  if (camera) q.set('camera', camera);
  return `?${q}`;
}

export function readPlace(search: string, now: number): { at: number; span: number; camera: string } {
  const q = new URLSearchParams(search);
  const at = Date.parse(q.get('at') ?? '');
  const span = Number(q.get('span')) * second;
  return {
    at: Number.isFinite(at) ? Math.min(at, now) : now,
    span: Number.isFinite(span) && span > 0 ? clamp(span, spanLeast, spanMost) : hour,
    camera: q.get('camera') ?? '',
  };
}
