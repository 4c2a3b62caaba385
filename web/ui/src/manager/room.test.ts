import { describe, expect, it } from 'vitest';
import type { Parcel, RoomView, Visit } from '../lib/types';
import { actionsFor, bySlot, candidatesOf, fits, needsDeciding } from './room';

const parcel = (id: string, more: Partial<Parcel> = {}): Parcel => ({ id, state: 'stored', confidence: 1, ...more });
const room = (parcels: Parcel[], visits: Partial<Visit>[] = []): RoomView => ({
  parcels, visits: visits as Visit[], incidents: [], slots: [], items: [], guide: {}, door: { state: 'locked', since: '' }, cameras: [], devices: [], people: false, now: '',
});

describe('bySlot', () => {
  it('holds what lies there and nothing that has gone', () => {
    const v = room([parcel('a', { slot: 'A1' }), parcel('b', { slot: 'A1', state: 'held' }), parcel('c', { slot: 'B1', state: 'missing' }), parcel('d', { state: 'registered' })]);
    expect(Object.fromEntries(Object.entries(bySlot(v)).map(([s, ps]) => [s, ps.map((p) => p.id)]))).toEqual({ A1: ['a', 'b'] });
  });
});

describe('needsDeciding', () => {
  it('asks whose before where, oldest first, and leaves an open visit its labels', () => {
    const v = room([
      parcel('gone', { state: 'missing' }),
      parcel('young', { state: 'unidentified', stored: '2026-11-22T12:00:00Z' }),
      parcel('old', { state: 'unidentified', stored: '2026-11-22T11:00:00Z' }),
      parcel('fine'),
      parcel('coming', { state: 'registered', visit: 'v1' }),
      parcel('stranded', { state: 'registered', visit: 'v0' }),
    ], [{ id: 'v1' }]);
    expect(needsDeciding(v).map((p) => p.id)).toEqual(['old', 'young', 'gone', 'stranded']);
  });
});

describe('candidatesOf', () => {
  it('puts those that vision named first, in its order, and drops those that are joined', () => {
    const loose = parcel('u', { state: 'unidentified', candidates: ['c', 'joined', 'b'], visit: 'v1' });
    const v = room([loose, parcel('a', { state: 'registered', visit: 'v0' }), parcel('b', { state: 'registered' }), parcel('c', { state: 'registered' }),
      parcel('d', { state: 'registered', visit: 'v1' }), parcel('joined')]);
    expect(candidatesOf(loose, v).map((x) => [x.parcel.id, x.likely])).toEqual([['c', true], ['b', true], ['d', false], ['a', false]]);
    expect(candidatesOf(parcel('x'), v)).toEqual([]);
    expect(candidatesOf({ ...loose, label_photo: 'f1' }, v)).toEqual([]); // its own label is known
  });
});

describe('fits', () => {
  const p = parcel('p', { name: 'Jana Whitfield', unit: '4B', carrier: 'UPS', tracking: '1Z999AA10123456784', slot: 'B3' });
  it('finds by the beginning of words and any part of a number', () => {
    for (const q of ['whit', 'jana 4b', 'ups', 'b3', '012345', '']) expect([q, fits(p, q)]).toEqual([q, true]);
    for (const q of ['field', 'jana 5', '12x']) expect([q, fits(p, q)]).toEqual([q, false]);
  });
});

describe('actionsFor', () => {
  it('releases only what is held, and joins only what has labels to join', () => {
    expect(actionsFor(parcel('h', { state: 'held', slot: 'A1' }), false)).toEqual(['released', 'assign', 'returned', 'collected', 'missing']);
    expect(actionsFor(parcel('u', { state: 'unidentified' }), true)[0]).toBe('join');
    expect(actionsFor(parcel('m', { state: 'missing' }), false)).not.toContain('missing');
  });
});
