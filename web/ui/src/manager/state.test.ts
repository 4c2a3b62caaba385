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
  it('says how long to wait, who must sign in again, and what the box said', () => {
    expect(failureText(new Failure('conflict', 'incident "i1": conflict: it is closed already', 409, { code: 'incident_closed' }))).toBe('That incident is closed already.');
    expect(failureText(new Failure('sign_in', 'sign in first', 401))).toContain('sign in again');
    expect(failureText(new Failure('denied', 'denied', 429, { reason: 'throttled', retry_after_ms: 30_000 }))).toContain('30 seconds');
    expect(failureText(new Error('our own words'))).toBe('our own words');
  });
});
