import { describe, expect, it } from 'vitest';
import { Failure } from '../lib/api';
import type { Service } from '../lib/types';
import { alarming, failureText } from './state';

const service = (state: Service['state'], restarts = 0): Service => ({ name: 'notify', state, restarts });

describe('alarming', () => {
  it('does not cry for one that restarts once, nor flicker for one that keeps dying', () => {
    expect(alarming([service('waiting', 1)], 0)).toEqual([]);
    expect(alarming([service('failing', 6)], 1000).map((s) => s.state)).toEqual(['failing']);
    expect(alarming([service('running', 6)], 6000).map((s) => s.state)).toEqual(['failing']);
    expect(alarming([service('starting', 7)], 11_000).map((s) => s.state)).toEqual(['failing']);
    expect(alarming([service('running', 7)], 42_000)).toEqual([]);
  });
});

describe('failureText', () => {
  it('says what the box said, without its machine words', () => {
    expect(failureText(new Failure('invalid', 'invalid: a courier has a name and a carrier', 422))).toBe('That did not work: a courier has a name and a carrier');
    expect(failureText(new Failure('conflict', 'incident "i1": conflict: it is closed already', 409))).toContain('it is closed already');
    expect(failureText(new Failure('denied', 'denied', 429, 'throttled', 30_000))).toContain('30 seconds');
    expect(failureText(new Error('our own words'))).toBe('our own words');
  });
});
