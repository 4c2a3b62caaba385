import type { CourierTally } from '../lib/types';

export type Counts = Pick<CourierTally, 'visits' | 'scanned' | 'placed' | 'unscanned' | 'unplaced' | 'empty' | 'skipping'>;

export interface CarrierTally extends Counts {
  carrier: string;
  couriers: CourierTally[];
}

const counted = ['visits', 'scanned', 'placed', 'unscanned', 'unplaced', 'empty', 'skipping'] as const;

/** Adds couriers up by carrier; those that skip the largest share of scans come first. */
export function byCarrier(tallies: CourierTally[]): CarrierTally[] {
  const all = new Map<string, CarrierTally>();
  for (const c of tallies) {
    let sum = all.get(c.carrier);
    if (!sum) all.set(c.carrier, (sum = { carrier: c.carrier, couriers: [], visits: 0, scanned: 0, placed: 0, unscanned: 0, unplaced: 0, empty: 0, skipping: 0 }));
    for (const k of counted) sum[k] += c[k];
    sum.couriers.push(c);
  }
  return [...all.values()].sort((a, b) => share(a) - share(b) || b.placed - a.placed || a.carrier.localeCompare(b.carrier));
}

/** The part of the packages put down whose label was scanned, 0..1; 1 where none was put down. */
export const share = (c: Counts): number => (c.placed ? (c.placed - c.unscanned) / c.placed : 1);

/** A share in percent that says 100 only where nothing was skipped, and 0 only where everything was. */
export function percent(part: number): number {
  if (part >= 1 || part <= 0) return Math.round(part * 100);
  return Math.min(99, Math.max(1, Math.round(part * 100)));
}
