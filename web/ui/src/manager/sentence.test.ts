import { describe, expect, it } from 'vitest';
import type { RoomEvent } from '../lib/types';
import en from '../locale/en.json';
import es from '../locale/es.json';
import { kindGroups } from './filter';
import { cameraOf, detail, kindWord, sentence, type Names } from './sentence';

const names: Names = {
  resident: (id) => ({ R1: 'Jana Whitfield' })[id] ?? '',
  courier: (id) => ({ C1: 'Ana Brown' })[id] ?? '',
};
const event = (kind: string, more: Partial<RoomEvent> = {}): RoomEvent => ({ seq: 1, id: 'e1', kind: `${kind}.v1`, time: '2026-11-22T18:00:00Z', ...more });

describe('sentence', () => {
  it('names who and where', () => {
    expect(sentence(event('parcel.stored', { resident: 'R1', slot: 'B3' }), names, 'en')).toBe('Package for Jana Whitfield seen on shelf B3');
    expect(sentence(event('parcel.stored', { resident: 'R1', slot: 'B3' }), names, 'es')).toContain('Jana Whitfield');
    expect(sentence(event('visit.entered', { courier: 'C1', carrier: 'UPS' }), names, 'en')).toBe('Ana Brown (UPS) went in');
  });
  it('does not claim that a camera saw what was said by hand', () => {
    expect(sentence(event('parcel.stored', { resident: 'R1', slot: 'B3', data: { by_hand: true } }), names, 'en')).toBe('Package for Jana Whitfield put on shelf B3, said by hand at the kiosk');
  });
  it('says so where nobody is known', () => {
    expect(sentence(event('parcel.registered', { resident: '' }), names, 'en')).not.toMatch(/\{|undefined| {2}/);
    expect(sentence(event('visit.entered', { resident: 'R9' }), names, 'en')).toBe('A resident went in');
  });
  it('tells variants apart by their reason', () => {
    expect(sentence(event('door.opened', { reason: 'forced' }), names, 'en')).toBe('Door forced open');
    expect(sentence(event('parcel.resolved', { reason: 'held', resident: 'R1' }), names, 'en')).toContain('kept back');
  });
  it('reads where a moved package came from, from the change or the reason', () => {
    expect(sentence(event('parcel.moved', { slot: 'B3', reason: 'from_A1', resident: 'R1' }), names, 'en')).toContain('from shelf A1 to B3');
    expect(sentence(event('parcel.moved', { slot: 'B3', data: { from_slot: 'A2' } }), names, 'en')).toContain('from shelf A2 to B3');
  });
  it('quotes what was said aloud', () => {
    const e = event('prompt.spoken', { reason: 'prompt.wrong_parcel', data: { values: { slot: 'C1' } } });
    expect(sentence(e, names, 'en')).toBe('Said aloud: “That is not your package. Please put it back on shelf C1.”');
  });
  it('exists for every kind in both languages and leaves nothing open', () => {
    for (const kind of Object.values(kindGroups).flat()) {
      const word = kindWord(kind);
      const texts = Object.keys(en).filter((k) => k.startsWith(`manager.ev.${word}`));
      expect([word, texts.length > 0]).toEqual([word, true]);
      for (const l of ['en', 'es'] as const) {
        for (const reason of ['', 'held', 'forced', 'timeout']) {
          const s = sentence(event(word, { reason, data: { residents: 3, now_past: 1 } }), names, l);
          expect([kind, l, s]).not.toEqual([kind, l, expect.stringMatching(/[{}]|undefined|manager\.ev/)]);
        }
      }
      expect(sentence(event(word), names, 'es')).not.toBe(sentence(event(word), names, 'en'));
    }
    expect(Object.keys(es).length).toBe(Object.keys(en).length);
  });
  it('does not hide a kind that is newer than this page', () => {
    expect(sentence(event('door.painted'), names, 'en')).toContain('door.painted');
  });
});

describe('detail', () => {
  it('quotes a manager and gives the number of a label', () => {
    expect(detail(event('parcel.resolved', { reason: 'held', data: { reason: 'box is torn' } }))).toBe('“box is torn”');
    expect(detail(event('parcel.registered', { data: { tracking: '1Z999' } }))).toBe('1Z999');
    expect(detail(event('door.unlocked', { reason: 'a pipe leaks' }))).toBe('“a pipe leaks”');
    expect(detail(event('door.unlocked', { reason: 'identified' }))).toBe('');
    expect(detail(event('incident.resolved', { camera: 'cam1', data: { by: 'itself', reason: 'back' } }))).toBe('cam1');
  });
});

describe('cameraOf', () => {
  it('is the camera of the change', () => {
    expect(cameraOf(event('parcel.stored', { data: { camera: 'cam1' } }))).toBe('cam1');
    expect(cameraOf(event('parcel.stored'))).toBe('');
  });
});
