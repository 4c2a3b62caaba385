import { hasText, t, type Language, type Values } from '../lib/i18n';
import type { RoomEvent } from '../lib/types';

/** What an event's identifiers are called; "" where it is not known (yet). */
export interface Names {
  resident: (id: string) => string;
  courier: (id: string) => string;
}

type Data = Record<string, unknown>;

export const dataOf = (e: RoomEvent): Data => (e.data && typeof e.data === 'object' && !Array.isArray(e.data) ? (e.data as Data) : {});
const text = (v: unknown): string => (typeof v === 'string' ? v : '');

/** "parcel.stored" of "parcel.stored.v1". */
export const kindWord = (kind: string): string => kind.replace(/\.v\d+$/, '');

/** A word's text under prefix, or the word itself in plain letters. */
export function word(prefix: string, machine: string, l?: Language): string {
  const key = `${prefix}.${machine}`;
  return hasText(key) ? (l ? t(key, {}, l) : t(key)) : machine.replaceAll('_', ' ');
}

/** The events' camera: its own, or that of the change it tells of. */
export const cameraOf = (e: RoomEvent): string => e.camera || text(dataOf(e)['camera']);

/** One event in a sentence. */
export function sentence(e: RoomEvent, names: Names, l?: Language): string {
  const say = (key: string, v: Values = {}) => (l ? t(key, v, l) : t(key, v));
  const data = dataOf(e);
  const name = (e.resident && names.resident(e.resident)) || text(data['name']);
  const courier = (e.courier && names.courier(e.courier)) || text(data['name']);
  const kind = kindWord(e.kind);
  const visitor = e.courier
    ? say(e.carrier ? 'manager.who.courier' : 'manager.who.courier.plain', { courier: courier || say('manager.who.someone'), carrier: e.carrier ?? '' })
    : e.resident ? name || say('manager.who.resident') : text(data['name']) || e.by || say('manager.who.someone');
  const values: Values = {
    name, who: visitor, courier: courier || say('manager.who.someone'), carrier: e.carrier ?? '',
    slot: e.slot || '?', from: text(data['from_slot']) || (e.reason?.startsWith('from_') ? e.reason.slice(5) : '?'),
    camera: cameraOf(e) || '?', by: e.by || say('manager.who.someone'),
    count: typeof data['residents'] === 'number' ? data['residents'] : '', past: typeof data['now_past'] === 'number' ? data['now_past'] : '',
  };
  switch (kind) {
    case 'visit.ended':
      return say('manager.ev.visit.ended', { ...values, why: word('manager.ended', text(data['end_reason']) || 'done', l) });
    case 'access.denied':
      return say('manager.ev.access.denied', { ...values, why: word('manager.denied', e.reason ?? '', l) });
    case 'incident.opened':
    case 'incident.resolved':
      return say(`manager.ev.${kind}`, { ...values, what: word('manager.incident', e.reason ?? '', l) });
    case 'camera.lost':
      return say('manager.ev.camera.lost', { ...values, why: word('manager.problem', e.reason ?? '', l) });
    case 'prompt.spoken':
      return say('manager.ev.prompt.spoken', { text: say(e.reason ?? '', (data['values'] ?? {}) as Values) });
    case 'resident.saved':
      return say('manager.ev.resident.saved', { ...values, status: word('manager.status', text(data['status']), l) });
    case 'courier.saved':
      return say(data['active'] === false ? 'manager.ev.courier.saved.off' : 'manager.ev.courier.saved', values);
  }
  const variants = [e.reason ?? '', text(data['kind']), data['by_hand'] === true ? 'by_hand' : ''].filter((v) => /^[a-z_]+$/.test(v)).map((v) => `manager.ev.${kind}.${v}`);
  const key = [...variants, `manager.ev.${kind}`].find(hasText);
  return key ? say(key, values) : say('manager.ev.other', { kind });
}

/** What else is worth a line: the reason that a person gave, the label's number. */
export function detail(e: RoomEvent): string {
  const data = dataOf(e);
  const kind = kindWord(e.kind);
  const given = (data['by'] === 'itself' ? '' : text(data['reason']))
    || ((kind === 'door.unlocked' || kind === 'visit.started') && e.reason && !/^(identified|asked)$/.test(e.reason) ? e.reason : '');
  const kiosk = text(data['kiosk']);
  const where = kind.startsWith('incident.') ? [e.slot && t('map.slot', { slot: e.slot }), e.camera] : [];
  if (kiosk && /^(incident\.|access\.denied)/.test(kind)) where.push(t('manager.at_kiosk', { kiosk }));
  const words = kind === 'camera.back' ? '' : text(data['detail']);
  return [...where, given && `“${given}”`, text(data['tracking']), words].filter(Boolean).join(' · ');
}
