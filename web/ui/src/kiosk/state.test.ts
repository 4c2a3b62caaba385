import { describe, expect, it } from 'vitest';
import type { KioskView } from '../lib/types';
import { farewell, show } from './state';

const nobody = { prompts: [], parcels: [], lights: {}, cameras: [] } as unknown as KioskView;
const somebody = (id: string) => ({ ...nobody, visit: { id, kind: 'resident' } }) as unknown as KioskView;

describe('the farewell', () => {
  it('is said to whoever left, and not to the next', () => {
    show(somebody('v1'));
    show(nobody);
    expect(farewell.value).toBe('Thank you. Goodbye.');
    show(somebody('v2'));
    expect(farewell.value).toBeUndefined();
  });
});
