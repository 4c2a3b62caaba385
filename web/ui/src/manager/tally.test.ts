import { expect, it } from 'vitest';
import type { CourierTally } from '../lib/types';
import { byCarrier, percent, share } from './tally';

const courier = (carrier: string, more: Partial<CourierTally>): CourierTally => ({
  courier: 'c', carrier, name: '', visits: 1, scanned: 0, placed: 0, unscanned: 0, unplaced: 0, empty: 0, skipping: 0, ...more,
});

it('carriers are their couriers added up, those that skip most first', () => {
  const all = byCarrier([
    courier('UPS', { scanned: 8, placed: 10, unscanned: 2, skipping: 1 }),
    courier('DHL', { scanned: 3, placed: 4, unscanned: 1 }),
    courier('UPS', { scanned: 10, placed: 10 }),
    courier('USPS', { empty: 1 }),
  ]);
  expect(all.map((c) => [c.carrier, c.visits, c.placed, c.couriers.length, percent(share(c))])).toEqual([
    ['DHL', 1, 4, 1, 75], ['UPS', 2, 20, 2, 90], ['USPS', 1, 0, 1, 100],
  ]);
});

it('a share is all or nothing only where it is', () => {
  expect([0, 0.001, 0.5, 0.999, 1].map(percent)).toEqual([0, 1, 50, 99, 100]);
});
