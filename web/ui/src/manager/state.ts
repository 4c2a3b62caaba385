import { computed, signal } from '@preact/signals';
import { Failure, failureOf, managerApi } from '../lib/api';
import { sayFailure } from '../lib/failure';
import { t } from '../lib/i18n';
import { listen, type Connection } from '../lib/sse';
import type { RoomEvent, RoomView, Service, Session } from '../lib/types';

/** What the page knows of the room and of who looks at it. */
export const session = signal<Session | undefined>();
export const sessionTrouble = signal<Failure | undefined>();
export const view = signal<RoomView | undefined>();
export const line = signal<Connection>('connecting');
export const trouble = signal('');
/** The newest event that came while the page was open. */
export const newest = signal<RoomEvent | undefined>();
/** undefined = not asked yet, null = services run without a supervisor. */
export const services = signal<Service[] | null | undefined>();

export const zone = computed(() => session.value?.timezone || 'UTC');
/** Services that people must hear of: those that keep dying, and those that say they are ill. */
export const ill = signal<Service[]>([]);
const illUntil = new Map<string, { service: Service; until: number }>();
const illMs = 30_000; // one that dies again and again looks well in between: the alarm does not flicker

/** The services to sound an alarm for, those of the last half minute included. */
export function alarming(list: Service[], now: number): Service[] {
  for (const s of list) {
    const bad = s.state === 'failing' || s.state === 'unhealthy' || ((s.state === 'waiting' || s.state === 'starting') && s.restarts >= 3);
    const old = illUntil.get(s.name);
    if (bad) illUntil.set(s.name, { service: old?.service.state === 'failing' ? old.service : s, until: now + illMs });
    else if (old && old.until <= now) illUntil.delete(s.name);
  }
  return list.flatMap((s) => illUntil.get(s.name)?.service ?? []);
}

export async function loadSession(): Promise<void> {
  try {
    session.value = await managerApi.session();
    sessionTrouble.value = undefined;
  } catch (e) {
    sessionTrouble.value = failureOf(e);
  }
}

/** A session that ended meanwhile shows the way in again; every other failure is the caller's. */
export async function guard<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (e) {
    if (failureOf(e).kind === 'sign_in') signedOut();
    throw e;
  }
}

export function signedOut(): void {
  view.value = undefined;
  services.value = undefined;
  if (session.value) {
    const { manager: _, ...rest } = session.value;
    session.value = { ...rest, setup: false, setup_code: false };
  }
}

/** Listens to the room until the returned function is called. */
export function follow(): () => void {
  const live = listen(managerApi.stream, {
    on: {
      view: (d) => {
        view.value = d as RoomView;
        trouble.value = '';
      },
      log: (d) => {
        newest.value = d as RoomEvent;
      },
      trouble: () => {
        trouble.value = t('connection.trouble');
        void loadSession();
      },
    },
    refused: () => void loadSession(),
  });
  const stop = live.state.subscribe((s) => {
    line.value = s;
  });
  const ask = async () => {
    try {
      services.value = await guard(managerApi.services());
      ill.value = alarming(services.value ?? [], Date.now());
    } catch {
      // The banner says that nothing answers; the last word on services stays.
    }
  };
  void ask();
  const timer = setInterval(() => document.visibilityState === 'visible' && void ask(), 5000);
  return () => {
    clearInterval(timer);
    stop();
    live.close();
  };
}

/** A failure for people. An error of our own carries its text. */
export function failureText(thrown: unknown): string {
  if (thrown instanceof Error && !(thrown instanceof Failure)) return thrown.message;
  const f = failureOf(thrown);
  if (f.reason === 'throttled' || f.retryAfterMs > 0) return t('manager.wait', { count: Math.ceil(f.retryAfterMs / 1000) });
  if (f.kind === 'sign_in') return t('manager.signed_out');
  if (f.kind === 'unavailable' && !f.code) return t('manager.unavailable');
  return sayFailure(f);
}
