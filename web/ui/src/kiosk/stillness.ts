/** Decides when a label before the camera is worth a picture. */

export interface Gray {
  width: number;
  height: number;
  /** One byte a pixel. */
  pix: Uint8Array;
}

export interface Look {
  /** Tiles of the picture that are full of strong edges: print and barcodes. */
  print: number;
  /** Variance of the Laplacian in those tiles, the median: focus. */
  sharp: number;
}

export type Advice = 'show' | 'closer' | 'still' | 'take';

/** Frames are looked at in this width. */
export const lookWidth = 320;

const tile = 16;
const edge = 40; // a step of brightness that counts, 0..255
const dense = 0.22; // share of such steps in a tile of print

// On rendered labels held at arm's length, 320 pixels wide: 16 to 32 tiles and
// a focus of 3000 to 5900; out of focus (4 pixels of 1920) 600 to 1800.
const limits = { print: 8, sharp: 1900, motion: 3.2, changed: 9, frames: 3 };

export function toGray(image: ImageData): Gray {
  const { width, height, data } = image;
  const pix = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < pix.length; i++, j += 4) {
    pix[i] = (data[j]! * 77 + data[j + 1]! * 150 + data[j + 2]! * 29) >> 8;
  }
  return { width, height, pix };
}

/** Mean difference of two frames, 0..255. */
export function difference(a: Gray, b: Gray): number {
  if (a.pix.length !== b.pix.length) return 255;
  let sum = 0;
  for (let i = 0; i < a.pix.length; i++) sum += Math.abs(a.pix[i]! - b.pix[i]!);
  return sum / a.pix.length;
}

export function look(g: Gray): Look {
  const focus: number[] = [];
  for (let y = 0; y + tile <= g.height; y += tile) {
    for (let x = 0; x + tile <= g.width; x += tile) {
      const t = lookAtTile(g, x, y);
      if (t.edges > dense) focus.push(t.sharp);
    }
  }
  focus.sort((a, b) => a - b);
  return { print: focus.length, sharp: focus[focus.length >> 1] ?? 0 };
}

function lookAtTile({ width: w, height: h, pix }: Gray, x0: number, y0: number): { edges: number; sharp: number } {
  let n = 0, sum = 0, squares = 0, edges = 0;
  for (let y = Math.max(1, y0); y < Math.min(h - 1, y0 + tile); y++) {
    for (let x = Math.max(1, x0); x < Math.min(w - 1, x0 + tile); x++) {
      const i = y * w + x;
      const left = pix[i - 1]!, right = pix[i + 1]!, above = pix[i - w]!, below = pix[i + w]!;
      if (Math.abs(right - left) > edge || Math.abs(below - above) > edge) edges++;
      const l = 4 * pix[i]! - left - right - above - below;
      sum += l;
      squares += l * l;
      n++;
    }
  }
  const mean = sum / n;
  return { edges: edges / n, sharp: squares / n - mean * mean };
}

/** Feeds on frames; says "take" once for each label that is held still. */
export class Stillness {
  private before: Gray | undefined;
  private taken: Gray | undefined;
  private calm = 0;

  frame(now: Gray): Advice {
    const motion = this.before ? difference(now, this.before) : 255;
    this.before = now;
    const { print, sharp } = look(now);
    const fresh = !this.taken || difference(now, this.taken) > limits.changed;
    if (print < limits.print || !fresh) return this.restless('show');
    if (motion > limits.motion) return this.restless('still');
    if (sharp < limits.sharp) return this.restless('closer');
    if (++this.calm < limits.frames) return 'still';
    this.markTaken(now);
    return 'take';
  }

  /** The scene was photographed: only another one is taken by itself. */
  markTaken(now = this.before): void {
    this.taken = now;
    this.calm = 0;
  }

  private restless(advice: Advice): Advice {
    this.calm = 0;
    return advice;
  }
}
