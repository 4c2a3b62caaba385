import { signal } from '@preact/signals';
import en from '../locale/en.json';
import es from '../locale/es.json';

export type Language = 'en' | 'es';
export type Values = Record<string, string | number>;

const texts: Record<Language, Record<string, string>> = { en, es };
export const languages: Record<Language, string> = { en: 'English', es: 'Español' };

export function knownLanguage(tag: string | undefined): Language | undefined {
  const base = tag?.split('-')[0]?.toLowerCase();
  return base === 'en' || base === 'es' ? base : undefined;
}

/** The page's language. Reading it in a component makes that follow a switch. */
export const language = signal<Language>(knownLanguage(globalThis.navigator?.language) ?? 'en');

export function setLanguage(l: Language): void {
  language.value = l;
  document.documentElement.lang = l;
}

/**
 * Text for a key of locale/*.json. A key's variant stands in for it where there
 * is one: ".one" where count is 1, ".unknown" where the name is empty. A value
 * that is a machine word (row: "high") becomes the text of row.high.
 */
export function t(key: string, values: Values = {}, l: Language = language.value): string {
  const variant = String(values['count']) === '1' ? '.one' : values['name'] === '' ? '.unknown' : '';
  const text = texts[l][key + variant] ?? texts[l][key] ?? texts.en[key + variant] ?? texts.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    if (!(name in values)) return whole;
    const value = String(values[name]);
    return texts[l][`${name}.${value}`] ?? value;
  });
}

/** Whether there is a text for key. */
export const hasText = (key: string): boolean => key in texts.en;

export function formatTime(iso: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(language.value, { hour: 'numeric', minute: '2-digit', ...(timeZone && { timeZone }) }).format(new Date(iso));
}

export function formatDateTime(iso: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(language.value, {
    weekday: 'short', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit', ...(timeZone && { timeZone }),
  }).format(new Date(iso));
}
