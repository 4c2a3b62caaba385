import { describe, expect, it } from 'vitest';
import { formOf, KeyBurst } from './scanner';

function type(text: string, gap: number, b = new KeyBurst(), start = 1000) {
  let at = start;
  for (const k of text) b.key(k, (at += gap));
  return b.key('Enter', at + gap);
}

describe('a reader that types', () => {
  it('is told by its speed', () => {
    expect(type('0012345678', 8)?.text).toBe('0012345678');
  });
  it('is not confused with a person', () => {
    expect(type('482913', 120)).toBeUndefined();
  });
  it('needs six characters', () => {
    expect(type('12345', 5)).toBeUndefined();
  });
  it('starts anew after a pause', () => {
    const b = new KeyBurst();
    b.key('9', 100);
    expect(type('1Z999AA10123456784', 5, b, 900)?.text).toBe('1Z999AA10123456784');
  });
  it('remembers the field it typed into', () => {
    const b = new KeyBurst();
    const field = document.createElement('input');
    field.value = 'smi';
    [...'1234567'].forEach((k, i) => b.key(k, 1000 + i * 5, field));
    expect(b.key('Enter', 1040, field)).toEqual({ text: '1234567', field, before: 'smi' });
  });
});

it('tells a card from a QR code by its length', () => {
  expect(formOf('0012345678')).toBe('card');
  expect(formOf('A3F09C77D2E84B10A3F09C77D2')).toBe('qr');
});
