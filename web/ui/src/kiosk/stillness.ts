/** Decides when a label before the camera is worth a picture. */

export interface Gray {
  width: number;
  height: number;
  /** One byte a pixel. */
  pix: Uint8Array;
}

export interface Look {
  /** Mean difference to the frame before, 0..255. */
  motion: number;
  /** Variance of the Laplacian in the middle: focus. */
  sharp: number;
  /** Share of strong edges in the middle: printed text has many. */
  print: number;
}

export type Advice = 'show' | 'closer' | 'still' | 'take';

const edge = 48; // brightness steps of print at this size
const limits = { motion: 3.2, sharp: 110, print: 0.07, changed: 9, frames: 3 };

export function toGray(image: ImageData): Gray {
  const { width, height, data } = image;
  const pix = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < pix.length; i++, j += 4) {
    pix[i] = (data[j]! * 77 + data[j + 1]! * 150 + data[j + 2]! * 29) >> 8;
  }
  return { width, height, pix };
}

export function difference(a: Gray, b: Gray): number {
  if (a.pix.length !== b.pix.length) return 255;
  let sum = 0;
  for (let i = 0; i < a.pix.length; i++) sum += Math.abs(a.pix[i]! - b.pix[i]!);
  return sum / a.pix.length;
}

export function look(now: Gray, before: Gray | undefined): Look {
  const { width: w, height: h, pix } = now;
  const x0 = Math.floor(w * 0.2), x1 = Math.ceil(w * 0.8), y0 = Math.floor(h * 0.15), y1 = Math.ceil(h * 0.85);
  let n = 0, sum = 0, squares = 0, edges = 0;
  for (let y = Math.max(1, y0); y < Math.min(h - 1, y1); y++) {
    for (let x = Math.max(1, x0); x < Math.min(w - 1, x1); x++) {
      const i = y * w + x;
      const l = 4 * pix[i]! - pix[i - 1]! - pix[i + 1]! - pix[i - w]! - pix[i + w]!;
      if (Math.abs(pix[i + 1]! - pix[i - 1]!) > edge) edges++;
      sum += l;
      squares += l * l;
      n++;
    }
  }
  const mean = sum / n;
  return { motion: before ? difference(now, before) : 255, sharp: squares / n - mean * mean, print: edges / n };
}

/** Feeds on frames; says "take" once for each label that is held still. */
export class Stillness {
  private before: Gray | undefined;
  private taken: Gray | undefined;
  private calm = 0;

  frame(now: Gray): Advice {
    const seen = look(now, this.before);
    this.before = now;
    const fresh = !this.taken || difference(now, this.taken) > limits.changed;
    if (seen.print < limits.print) {
      this.calm = 0;
      return 'show';
    }
    if (!fresh) return 'show';
    if (seen.motion > limits.motion) {
      this.calm = 0;
      return 'still';
    }
    if (seen.sharp < limits.sharp) {
      this.calm = 0;
      return 'closer';
    }
    if (++this.calm < limits.frames) return 'still';
    this.markTaken(now);
    return 'take';
  }

  /** The scene was photographed: only another one is taken by itself. */
  markTaken(now = this.before): void {
    this.taken = now;
    this.calm = 0;
  }
}
