import { expect, test } from 'vitest';
import { emptyDraft, termsOf } from './Terms';

test('a courier’s window and days are sent in the building’s time', () => {
  const d = { ...emptyDraft('courier'), from: '2026-11-23T07:00', to: '2027-01-01T00:00', hours: { days: ['mon'], from: '07:00', to: '19:00' } };
  expect(termsOf(d, 'America/Los_Angeles')).toEqual({
    kind: 'courier', valid_from: '2026-11-23T15:00:00.000Z', valid_to: '2027-01-01T08:00:00.000Z', hours: [{ days: ['mon'], from: '07:00', to: '19:00' }],
  });
});

test('what is not filled in is not sent, and a label is a pass’s only', () => {
  expect(termsOf({ ...emptyDraft('standing'), label: 'Bo' }, 'UTC')).toEqual({ kind: 'standing' });
  expect(termsOf({ ...emptyDraft('pass'), label: ' Bo ', pin: '7302 9461' }, 'UTC')).toEqual({ kind: 'pass', label: 'Bo', pin: '73029461' });
});
