import { describe, expect, it } from 'vitest';
import { emptyFilter, eventQuery, kindGroups, readFilter, upsideDown, writeFilter } from './filter';

const zone = 'America/Los_Angeles';
const now = new Date('2026-11-22T18:00:00Z');

describe('the filter in the address', () => {
  it('comes back as it was written', () => {
    const f = { ...emptyFilter, q: 'whit & field', kind: 'parcels', carrier: 'UPS', span: 'range', from: '2026-11-20T00:00', to: '2026-11-21T00:00' };
    expect(readFilter(writeFilter(f))).toEqual(f);
  });
  it('is nothing while nothing is filtered', () => {
    expect(writeFilter(emptyFilter)).toBe('');
    expect(readFilter('')).toEqual(emptyFilter);
  });
  it('forgets times of a range that is not chosen any more', () => {
    expect(writeFilter({ ...emptyFilter, span: 'today', from: '2026-11-20T00:00' })).toBe('?span=today');
  });
});

describe('eventQuery', () => {
  it('asks for the kinds of a group', () => {
    expect(eventQuery({ ...emptyFilter, kind: 'incidents' }, zone, now, 50).kind).toBe('incident.opened.v1,incident.resolved.v1');
    expect(eventQuery({ ...emptyFilter, kind: 'door.opened.v1' }, zone, now, 50).kind).toBe('door.opened.v1');
  });
  it('counts days by the clocks of the property', () => {
    expect(eventQuery({ ...emptyFilter, span: 'today' }, zone, now, 50).from).toBe('2026-11-22T08:00:00.000Z');
    expect(eventQuery({ ...emptyFilter, span: 'week' }, zone, now, 50).from).toBe('2026-11-16T08:00:00.000Z');
  });
  it('shows the whole of the last minute of a range', () => {
    const q = eventQuery({ ...emptyFilter, span: 'range', from: '2026-11-22T09:00', to: '2026-11-22T09:30' }, zone, now, 50);
    expect([q.from, q.to]).toEqual(['2026-11-22T17:00:00.000Z', '2026-11-22T17:31:00.000Z']);
  });
  it('leaves out what is not filtered, and goes on before a position', () => {
    expect(eventQuery(emptyFilter, zone, now, 50, 812)).toEqual({ limit: 50, before: 812 });
  });
});

describe('kinds', () => {
  it('stand in one group each', () => {
    const all = Object.values(kindGroups).flat();
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('upsideDown', () => {
  it('sees a range that ends before it begins', () => {
    expect(upsideDown({ ...emptyFilter, span: 'range', from: '2026-11-22T09:00', to: '2026-11-21T09:00' })).toBe(true);
    expect(upsideDown({ ...emptyFilter, span: 'range', from: '2026-11-22T09:00', to: '' })).toBe(false);
  });
});
