import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fitting, sendLabel } from './label';
import { api, pending, setPending, shots, speech } from './state';
import type { Reading } from '../lib/types';

const photo = (name: string) => new Blob([name], { type: 'image/jpeg' });
const answer = (reading: Partial<Reading>) =>
  vi.spyOn(api, 'label').mockResolvedValue({ picture: 'ref', reading: { decision: 'none', candidates: [], ...reading } as Reading });

let said: string[];
beforeEach(() => {
  said = [];
  vi.spyOn(speech, 'say').mockImplementation((text) => void said.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  setPending(undefined);
});

describe('a label before the camera', () => {
  it('is shown again where no photograph will do, with words that say how', async () => {
    for (const [reason, word] of [['too_small', 'closer'], ['no_address', 'Turn'], ['too_dark', 'dark'], ['two_labels', 'one at a time']] as const) {
      answer({ reason });
      expect(await sendLabel('v1', [photo('a')])).toBe(reason);
      expect(said.at(-1)).toContain(word);
      expect(pending.value).toBeUndefined();
    }
  });
  it('goes on where another photograph would not help', async () => {
    answer({ reason: 'not_here' });
    expect(await sendLabel('v1', [photo('a')])).toBe('');
    expect(pending.value).toMatchObject({ picture: 'ref', reason: 'not_here' });
    expect(said).toEqual([]);
  });
  it('shows the photograph that was read', async () => {
    const made = vi.spyOn(URL, 'createObjectURL').mockImplementation((b) => `blob:${(b as Blob).size}`);
    answer({ decision: 'match', frame: 1 });
    await sendLabel('v1', [photo('a'), photo('bbb')]);
    expect(made).toHaveBeenCalledTimes(1);
    expect(shots.get('ref')).toBe('blob:3');
  });
});

describe('photographs that are sent together', () => {
  it('are as many as fit', () => {
    expect(fitting([{ size: 5 }, { size: 5 }, { size: 5 }], 12)).toHaveLength(2);
    expect(fitting([{ size: 13 }], 12)).toEqual([]);
  });
});
