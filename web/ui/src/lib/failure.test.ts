import { afterEach, describe, expect, it } from 'vitest';
import { Failure } from './api';
import { sayFailure, sayProblem } from './failure';
import { setLanguage } from './i18n';

afterEach(() => setLanguage('en'));

const placed = new Failure('conflict', 'undo a scan: conflict: the package is on slot B3 already', 409, { code: 'placed_already', values: { slot: 'B3' } });

describe('a failure', () => {
  it('is told in the language of the page by its code', () => {
    expect(sayFailure(placed)).toBe('The package is on shelf B3 already.');
    setLanguage('es');
    expect(sayFailure(placed)).toBe('El paquete ya está en el estante B3.');
  });
  it('of a credential is told by its reason', () => {
    expect(sayFailure(new Failure('denied', 'denied: expired', 403, { reason: 'expired' }))).toContain('expired');
  });
  it('with a code that has no text is told in the words of the server', () => {
    expect(sayFailure(new Failure('invalid', 'join: invalid: it rains', 422, { code: 'rain' }))).toBe('That did not work: it rains');
    expect(sayFailure(new Failure('invalid', 'invalid: a date: it is over', 422))).toBe('That did not work: a date: it is over');
  });
  it('of the machine is told by its kind', () => {
    expect(sayFailure(new Failure('internal', 'panic', 500))).toBe('Something went wrong. Please try again.');
  });
});

it('a line of a roster is told alike', () => {
  setLanguage('es');
  expect(sayProblem({ line: 3, text: '"T1" is already on line 2', code: 'roster_twice', values: { value: '"T1"', line: '2' } })).toBe('"T1" ya está en la línea 2');
  expect(sayProblem({ line: 3, text: 'odd', code: 'odd' })).toBe('odd');
});
