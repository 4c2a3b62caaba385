/** A USB reader types: fast, and Enter at the end. */

const maxGapMs = 45;
const minLength = 6;

export interface Burst {
  text: string;
  /** The field that the reader typed into, if any, and what it held before. */
  field?: HTMLInputElement;
  before?: string;
}

/**
 * Collects keystrokes and tells a reader's from a person's. Feed it every key;
 * it answers with the burst that an Enter has ended.
 */
export class KeyBurst {
  private text = '';
  private last = 0;
  private field: HTMLInputElement | undefined;
  private before = '';

  key(key: string, at: number, target?: EventTarget | null): Burst | undefined {
    if (at - this.last > maxGapMs) this.text = '';
    this.last = at;
    if (key === 'Enter') {
      const burst: Burst = { text: this.text };
      if (this.field) Object.assign(burst, { field: this.field, before: this.before });
      this.text = '';
      return burst.text.length >= minLength ? burst : undefined;
    }
    if (key.length !== 1) return undefined;
    if (this.text === '') {
      this.field = target instanceof HTMLInputElement ? target : undefined;
      this.before = this.field?.value ?? '';
    }
    this.text += key;
    return undefined;
  }
}

/** Calls onScan with whatever a reader types anywhere on the page. */
export function listenForReader(onScan: (text: string) => void): () => void {
  const burst = new KeyBurst();
  const onKey = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const done = burst.key(e.key, e.timeStamp, e.target);
    if (!done) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    if (done.field) {
      done.field.value = done.before ?? '';
      done.field.dispatchEvent(new Event('input', { bubbles: true }));
    }
    onScan(done.text);
  };
  window.addEventListener('keydown', onKey, { capture: true });
  return () => window.removeEventListener('keydown', onKey, { capture: true });
}

/** A card's number is short; the text of a QR code has 128 bits. */
export const formOf = (text: string): 'card' | 'qr' => (text.length >= 20 ? 'qr' : 'card');
