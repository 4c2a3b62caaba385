import { describe, expect, it } from 'vitest';
import en from '../locale/en.json';
import es from '../locale/es.json';
import { t } from './i18n';

const english: Record<string, string> = en;
const spanish: Record<string, string> = es;
const sources = Object.values(import.meta.glob('../**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true })).join('\n');
/** What the room says and refuses: its words are looked for by a test of the Go package. */
const ofTheRoom = /^(prompt|error|bay|row|side)\./;
const names = (s: string) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

describe('locale files', () => {
  it('have the same keys', () => {
    expect(Object.keys(spanish).sort()).toEqual(Object.keys(english).sort());
  });
  it('keep no text that no page shows', () => {
    const built = [...sources.matchAll(/`([a-z_.]+\.)\$\{/g)].map((m) => m[1]!);
    const heads = [...built, ...[...sources.matchAll(/word\('([a-z.]+)'/g)].map((m) => `${m[1]}.`)];
    const shown = (key: string) => sources.includes(`'${key}'`) || heads.some((h) => key.startsWith(h));
    const dead = Object.keys(english).filter((key) => !ofTheRoom.test(key) && !shown(key) && !shown(key.replace(/\.(one|unknown)$/, '')));
    expect(dead).toEqual([]);
  });
  it('name the same values in every text', () => {
    for (const key of Object.keys(english)) expect([key, names(spanish[key] ?? '')]).toEqual([key, names(english[key]!)]);
  });
});

describe('t', () => {
  it('fills values in and keeps names it was not given', () => {
    expect(t('prompt.placed', { slot: 'B3' }, 'en')).toBe('Shelf B3: for {name}. Thank you.');
  });
  it('uses the singular for a count of 1, as number and as text', () => {
    expect(t('prompt.not_placed', { count: '1' }, 'en')).toBe('One scanned package is not on a shelf yet.');
    expect(t('prompt.not_placed', { count: 2 }, 'es')).toBe('2 paquetes escaneados todavía no están en un estante.');
  });
  it('gives the key where there is no text', () => {
    expect(t('no.such.key')).toBe('no.such.key');
  });
});
