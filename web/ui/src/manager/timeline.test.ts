import { describe, expect, it } from 'vitest';
import type { RoomEvent } from '../lib/types';
import { day, drawnKinds, gaps, hour, laneOf, marks, minute, neighbour, nextFootage, place, readPlace, reveal, second, spanLeast, spanMost, ticks, writePlace, zoom } from './timeline';

const t0 = Date.parse('2026-11-22T17:00:00Z');
const iso = (ms: number) => new Date(ms).toISOString();
const event = (kind: string, at: number, more: Partial<RoomEvent> = {}) => ({ seq: 1, id: `${kind}${at}`, kind: `${kind}.v1`, time: iso(at), data: {}, ...more }) as RoomEvent;
const w = { from: t0, span: hour };

describe('the window', () => {
  it('keeps the moment that is zoomed at where it is', () => {
    const at = t0 + 15 * minute;
    for (const factor of [0.1, 0.5, 2]) expect(place(zoom(w, factor, at), at)).toBeCloseTo(25);
  });
  it('goes from a day to seconds and no further', () => {
    expect(zoom(w, 1e-9, t0).span).toBe(spanLeast);
    expect(zoom(w, 1e9, t0).span).toBe(spanMost);
    expect(spanMost).toBeGreaterThanOrEqual(day);
  });
  it('moves only for what is not inside', () => {
    expect(reveal(w, t0 + 30 * minute)).toBe(w);
    expect(place(reveal(w, t0 + 3 * hour), t0 + 3 * hour)).toBeCloseTo(50);
  });
  it('names round wall times, few enough to be read', () => {
    const offset = () => -8 * hour + 30 * minute; // a zone with half an hour
    for (const span of [10 * second, minute, hour, day]) {
      const all = ticks({ from: t0 + 123, span }, 8, offset);
      expect(all.length).toBeGreaterThan(1);
      expect(all.length).toBeLessThanOrEqual(9);
      for (const { at, step } of all) expect((at + offset()) % step).toBe(0);
    }
  });
});

describe('marks', () => {
  it('are drawn by kind; the rest of the log is not', () => {
    expect(marks([event('parcel.stored', t0), event('guide.stepped', t0)], w).map((m) => m.kind)).toEqual(['placed']);
    expect(drawnKinds).toContain('door.opened.v1');
  });
  it('that fall together are one, of the weightiest kind', () => {
    const all = [event('visit.entered', t0), event('incident.opened', t0 + 5 * second), event('parcel.taken', t0 + 30 * minute)];
    expect(marks(all, w).map((m) => [m.kind, m.events.length])).toEqual([['incident', 2], ['removed', 1]]);
    expect(marks(all, { from: t0, span: minute }).length).toBe(3);
  });
  it('lie in the lane of their camera, of their slot’s, or of the door', () => {
    const ofSlot = new Map([['B3', 'cam1']]);
    expect(laneOf(event('parcel.stored', t0, { data: { camera: 'cam2' }, slot: 'B3' }), ofSlot)).toBe('cam2');
    expect(laneOf(event('parcel.stored', t0, { slot: 'B3' }), ofSlot)).toBe('cam1');
    expect(laneOf(event('door.opened', t0), ofSlot)).toBe('');
  });
  it('are gone through one by one', () => {
    const all = [event('parcel.stored', t0), event('prompt.spoken', t0 + minute), event('parcel.taken', t0 + 2 * minute)];
    expect(neighbour(all, t0, true)?.kind).toBe('parcel.taken.v1');
    expect(neighbour(all, t0 + 2 * minute, false)?.kind).toBe('parcel.stored.v1');
    expect(neighbour(all, t0 + 2 * minute, true)).toBeUndefined();
  });
});

describe('footage', () => {
  const spans = [{ from: iso(t0 + 5 * minute), to: iso(t0 + 10 * minute) }, { from: iso(t0 + 20 * minute), to: iso(t0 + 30 * minute) }];
  it('that is missing is a gap, up to now', () => {
    expect(gaps(spans, w, t0 + 40 * minute).map((g) => [(g.from - t0) / minute, (g.to - t0) / minute])).toEqual([[0, 5], [10, 20], [30, 40]]);
    expect(gaps([], w, t0 - minute)).toEqual([]);
  });
  it('goes on after a gap', () => {
    const view = { camera: 'cam1', spans, clips: [], holds: [] };
    expect(nextFootage(view, t0 + 7 * minute)).toBe(t0 + 7 * minute);
    expect(nextFootage(view, t0 + 12 * minute)).toBe(t0 + 20 * minute);
    expect(nextFootage(view, t0 + 50 * minute)).toBeUndefined();
    expect(nextFootage(undefined, t0)).toBeUndefined();
  });
});

describe('the address', () => {
  it('brings back what was shown', () => {
    expect(readPlace(writePlace(t0, minute, 'cam2'), t0 + day)).toEqual({ at: t0, span: minute, camera: 'cam2' });
  });
  it('that is none shows the last hour', () => {
    for (const s of ['', '?at=x&span=y', '?span=-5', `?at=${iso(t0 + 9 * day)}`]) expect(readPlace(s, t0)).toMatchObject({ at: t0, span: hour });
  });
});
