/** At most this many are live at once: a screen shows no more, and a browser decodes no more. */
export const wallMost = 16;

/** How many columns show n pictures of 16:9 at their largest. */
export const columnsFor = (n: number): number => Math.max(1, Math.ceil(Math.sqrt(Math.min(n, wallMost))));

/** The tile that a key leads to from tile i of n in so many columns; i itself where there is none. */
export function tileBy(key: string, i: number, n: number, columns: number): number {
  const to = { ArrowLeft: i - 1, ArrowRight: i + 1, ArrowUp: i - columns, ArrowDown: i + columns, Home: 0, End: n - 1 }[key];
  return to === undefined || to < 0 || to >= n ? i : to;
}
