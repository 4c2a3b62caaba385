import { render } from 'preact';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Slot } from '../types';
import { neighbour, ShelfMap } from './ShelfMap';

const slot = (id: string, x: number, y: number): Slot => ({
  id, kind: 'shelf', camera: 'cam1', polygon: null, map: [x, y, 20, 20], height_mm: 1000, width_mm: 800, fullness: 0.5,
});
const slots = [slot('A1', 0, 0), slot('A2', 30, 0), slot('B1', 0, 30), slot('B2', 30, 30)];

afterEach(() => render(null, document.body));

describe('the shelf map', () => {
  it('moves by arrow keys to the nearest slot that way', () => {
    expect(neighbour(slots, slots[0]!, 'ArrowRight')?.id).toBe('A2');
    expect(neighbour(slots, slots[0]!, 'ArrowDown')?.id).toBe('B1');
    expect(neighbour(slots, slots[3]!, 'ArrowUp')?.id).toBe('A2');
    expect(neighbour(slots, slots[0]!, 'ArrowLeft')).toBeUndefined();
    expect(neighbour(slots, slots[0]!, 'x')).toBeUndefined();
  });

  it('is one picture with words where nothing can be picked', () => {
    render(<ShelfMap slots={slots} signals={{ B1: 'warn' }} highlight={['A2']} />, document.body);
    const svg = document.querySelector('svg')!;
    expect(svg.getAttribute('role')).toBe('img');
    expect(svg.getAttribute('aria-label')).toBe('Map of the shelves. Shelf A2, here. Shelf B1, look here');
    expect(svg.querySelector('[tabindex]')).toBeNull();
  });

  it('has one tab stop and picks by click, Enter and space', () => {
    const pick = vi.fn();
    render(<ShelfMap slots={slots} onPick={pick} highlight={['B1']} counts={{ A1: 2 }} fullness />, document.body);
    const at = (id: string) => document.querySelector<SVGGElement>(`[data-slot="${id}"]`)!;
    expect([...document.querySelectorAll('[tabindex="0"]')].map((e) => e.getAttribute('data-slot'))).toEqual(['B1']);
    expect(at('A1').getAttribute('aria-label')).toBe('Shelf A1, 2 packages, 50 percent full');
    at('A1').dispatchEvent(new MouseEvent('click', { bubbles: true }));
    at('B2').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    at('B1').dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true, cancelable: true }));
    expect(pick.mock.calls.map((c) => c[0])).toEqual(['A1', 'B2', 'B1']);
  });
});
