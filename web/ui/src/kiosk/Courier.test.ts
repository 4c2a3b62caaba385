import { describe, expect, it } from 'vitest';
import type { Parcel } from '../lib/types';
import { signalsOf } from './Courier';
import { clock } from './Idle';
import { shortlist } from './label';

const waiting = (suggested: string): Parcel => ({ id: suggested, state: 'registered', confidence: 0, suggested });

describe('a delivery', () => {
  it('shows the suggestion of each waiting package, and the room\'s own signal first', () => {
    expect(signalsOf({ B3: 'warn' }, [waiting('B3'), waiting('C1')])).toEqual({ B3: 'warn', C1: 'suggest' });
  });
  it('offers few residents, the likely ones', () => {
    const c = (resident_id: string, score: number) => ({ resident_id, score, name: '', unit: '' });
    expect(shortlist([c('a', 0.9), c('b', 0.5), c('c', 0.2)]).map((x) => x.resident_id)).toEqual(['a', 'b']);
    expect(shortlist([c('a', 0.9), c('b', 0.9), c('c', 0.9), c('d', 0.9), c('e', 0.9)])).toHaveLength(4);
    expect(shortlist(null)).toEqual([]);
  });
  it('counts a wait in minutes and seconds', () => {
    expect([clock(90_000), clock(900), clock(0)]).toEqual(['1:30', '0:01', '0:00']);
  });
});
