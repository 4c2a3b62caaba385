import { describe, expect, it } from 'vitest';
import { Stillness, type Gray } from './stillness';

const width = 160, height = 90;
const picture = (f: (x: number, y: number) => number): Gray => ({
  width, height, pix: Uint8Array.from({ length: width * height }, (_, i) => f(i % width, Math.floor(i / width))),
});
const wall = picture((x) => 120 + (x % 5));
const label = (shift: number) => picture((x, y) => ((x + shift) % 7 < 2 && y % 9 < 5 ? 20 : 235));
const blurred = picture((x) => 128 + 110 * Math.sin(x / 3));

const feed = (s: Stillness, frames: Gray[]) => frames.map((f) => s.frame(f));

describe('automatic capture', () => {
  it('takes a label that is held still, once', () => {
    const s = new Stillness();
    expect(feed(s, Array.from({ length: 8 }, () => label(0)))).toEqual(['still', 'still', 'still', 'take', 'show', 'show', 'show', 'show']);
  });
  it('waits while the label moves', () => {
    const s = new Stillness();
    expect(feed(s, [0, 3, 6, 9, 12, 15].map(label))).not.toContain('take');
  });
  it('leaves an empty scene alone', () => {
    const s = new Stillness();
    expect(feed(s, Array.from({ length: 8 }, () => wall)).every((a) => a === 'show')).toBe(true);
  });
  it('asks to come closer where nothing is sharp', () => {
    const s = new Stillness();
    expect(feed(s, Array.from({ length: 6 }, () => blurred)).at(-1)).toBe('closer');
  });
  it('takes the next label too', () => {
    const s = new Stillness();
    feed(s, Array.from({ length: 6 }, () => label(0)));
    const other = picture((x, y) => ((x + y) % 11 < 4 ? 20 : 235));
    expect(feed(s, Array.from({ length: 6 }, () => other))).toContain('take');
  });
});
