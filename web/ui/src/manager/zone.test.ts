import { describe, expect, it } from 'vitest';
import { momentOf, startOfDay, wallTime } from './zone';

const west = 'America/Los_Angeles';

describe('momentOf', () => {
  it('knows summer from winter', () => {
    expect(momentOf('2026-07-01T12:00', west)!.toISOString()).toBe('2026-07-01T19:00:00.000Z');
    expect(momentOf('2026-12-01T12:00', west)!.toISOString()).toBe('2026-12-01T20:00:00.000Z');
  });
  it('takes the moment after the jump for a time that is skipped, and the first of one that comes twice', () => {
    expect(momentOf('2026-03-08T02:30', west)!.toISOString()).toBe('2026-03-08T10:30:00.000Z');
    expect(momentOf('2026-11-01T01:30', west)!.toISOString()).toBe('2026-11-01T08:30:00.000Z');
  });
  it('takes back what wallTime wrote', () => {
    for (const iso of ['2026-03-08T18:00:00.000Z', '2026-11-22T07:59:00.000Z', '2026-11-22T08:00:00.000Z']) {
      expect(momentOf(wallTime(new Date(iso), west), west)!.toISOString()).toBe(iso);
    }
  });
  it('refuses what is no time', () => {
    expect(momentOf('', west)).toBeUndefined();
    expect(momentOf('yesterday', west)).toBeUndefined();
  });
});

describe('startOfDay', () => {
  it('is midnight there, not here', () => {
    expect(startOfDay(new Date('2026-11-22T05:00:00Z'), west).toISOString()).toBe('2026-11-21T08:00:00.000Z');
  });
  it('counts days over the change of clocks', () => {
    expect(startOfDay(new Date('2026-11-03T20:00:00Z'), west, 6).toISOString()).toBe('2026-10-28T07:00:00.000Z');
  });
});
