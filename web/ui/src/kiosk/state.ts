import { computed, signal } from '@preact/signals';
import { failureFrom, failureOf, kioskApi, type WireFailure } from '../lib/api';
import { sayFailure } from '../lib/failure';
import { knownLanguage, language, setLanguage, t } from '../lib/i18n';
import { listen, type Connection } from '../lib/sse';
import type { KioskView, Parcel, Prompt, Reading } from '../lib/types';
import { Speech } from './speech';

export const kioskId = decodeURIComponent(location.pathname.split('/')[2] ?? 'K1');
export const api = kioskApi(kioskId);

/** What the room says is on this kiosk; undefined until the first word. */
export const view = signal<KioskView | undefined>(undefined);
export const connection = signal<Connection>('connecting');
/** Why the room does not answer, in words. */
export const trouble = signal<string | undefined>(undefined);
/** A short word after an action, good or bad. */
export const notice = signal<{ text: string; tone: 'ok' | 'warn' } | undefined>(undefined);
export const busy = signal(false);
/** Said after a visit, for a few seconds. */
export const farewell = signal<string | undefined>(undefined);

export const visit = computed(() => view.value?.visit);
export const lastPrompt = computed<Prompt | undefined>(() => view.value?.prompts.at(-1));

/** A label that was read and not confirmed yet; a reload keeps it. */
export interface Pending {
  visit: string;
  picture: string;
  reading: Reading | undefined;
  /** no_label, barcode, unavailable: why the courier must say more. */
  reason: string;
  /** The loose package on a shelf that this label is scanned for. */
  loose: string;
}
const pendingKey = `packroom.pending.${kioskId}`;
export const pending = signal<Pending | undefined>(restore());

function restore(): Pending | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(pendingKey) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

export function setPending(p: Pending | undefined): void {
  pending.value = p;
  if (!p) {
    shots.forEach((url) => URL.revokeObjectURL(url));
    shots.clear();
  }
  if (p) sessionStorage.setItem(pendingKey, JSON.stringify(p));
  else sessionStorage.removeItem(pendingKey);
}

/** The photograph as it was taken, by its reference, for as long as this page lives. */
export const shots = new Map<string, string>();

/** Whether the courier is showing labels now; undefined = as the visit suggests. */
export const scanning = signal<boolean | undefined>(undefined);
/** The loose package that the next label is for. */
export const scanFor = signal('');

/** What the kiosk speaks to the next person. */
const houseLanguage = language.value;
export const speech = new Speech();
let noticeTimer: ReturnType<typeof setTimeout> | undefined;

export function tell(text: string, tone: 'ok' | 'warn' = 'ok'): void {
  notice.value = { text, tone };
  if (tone === 'warn') speech.say(text);
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (notice.value = undefined), 6000);
}

/** Shows what the room says now. */
export function show(v: KioskView): void {
  const before = view.value?.visit;
  view.value = v;
  trouble.value = undefined;
  const now = v.visit;
  if (before?.id !== now?.id) {
    farewell.value = undefined;
    scanning.value = undefined;
    scanFor.value = '';
    if (pending.value && pending.value.visit !== now?.id) setPending(undefined);
    const l = knownLanguage(now?.language);
    if (l) setLanguage(l);
    if (before && !now) {
      farewell.value = t('prompt.goodbye');
      setTimeout(() => {
        farewell.value = undefined;
        if (!view.value?.visit) setLanguage(houseLanguage);
      }, 5000);
    }
  }
  if (now) speech.hear(v.prompts);
}

/** Keeps the kiosk's view up to date for as long as the page is open. */
export function follow(): void {
  const line = listen(api.events, {
    on: {
      view: (d) => show(d as KioskView),
      trouble: (d) => {
        const f = failureFrom(d as WireFailure);
        trouble.value = f.kind === 'unavailable' ? t('connection.trouble') : sayFailure(f);
      },
    },
    refused: () => void refresh(),
  });
  line.state.subscribe((s) => (connection.value = s));
}

export async function refresh(): Promise<void> {
  try {
    show(await api.view());
  } catch (e) {
    const f = failureOf(e);
    const linkOver = f.kind === 'sign_in' && new URLSearchParams(location.search).has('link');
    trouble.value = linkOver ? t('error.kiosk_link_over') : sayFailure(f);
  }
}

/** Runs one action at a time; a failure becomes a notice and false. */
export async function act(fn: () => Promise<unknown>): Promise<boolean> {
  if (busy.value) return false;
  busy.value = true;
  try {
    await fn();
    await refresh();
    return true;
  } catch (e) {
    tell(sayFailure(failureOf(e)), 'warn');
    await refresh();
    return false;
  } finally {
    busy.value = false;
  }
}

/** Somebody's own words for a package. */
export const ownerOf = (p: Parcel): string => p.name || t('package.unknown');
export const unitOf = (p: Parcel): string | undefined => (p.unit ? t('package.unit', { unit: p.unit }) : undefined);

/** Scanned and on no shelf yet. */
export const waiting = computed(() => (view.value?.parcels ?? []).filter((p) => p.state === 'registered'));
