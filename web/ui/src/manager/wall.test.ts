import { expect, it } from 'vitest';
import { columnsFor, tileBy } from './tiles';

it('shows up to sixteen at their largest', () => {
  expect([1, 2, 4, 5, 9, 10, 16, 40].map(columnsFor)).toEqual([1, 2, 2, 3, 3, 4, 4, 4]);
});

it('moves by arrow keys and stops at the edges', () => {
  const moves: [string, number, number][] = [['ArrowRight', 0, 1], ['ArrowDown', 1, 5], ['ArrowUp', 5, 1], ['ArrowLeft', 0, 0], ['ArrowDown', 9, 9], ['End', 2, 9], ['Home', 7, 0], ['a', 3, 3]];
  for (const [key, from, to] of moves) expect(tileBy(key, from, 10, 4)).toBe(to);
});
