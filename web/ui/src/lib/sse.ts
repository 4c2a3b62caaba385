import { signal, type ReadonlySignal } from '@preact/signals';

export type Connection = 'connecting' | 'open' | 'lost';

export interface Listener {
  /** JSON of each event by its name: view, log, trouble. */
  on: Record<string, (data: unknown) => void>;
  /** Called where the server refuses the stream, to find out why. */
  refused?: () => void;
}

/** The server sends a beat every 15 s; two missing ones mean a dead line. */
const silenceMs = 35_000;
const maxBackoffMs = 8_000;

/**
 * Listens to server-sent events and stays with it: through dead lines, restarts
 * and sleeping tablets. Each new connection begins with the whole view, so
 * nothing is missed.
 */
export function listen(url: string, l: Listener): { state: ReadonlySignal<Connection>; close: () => void } {
  const state = signal<Connection>('connecting');
  let source: EventSource | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let backoff = 500;
  let closed = false;

  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(reopen, silenceMs);
    backoff = 500;
    state.value = 'open';
  };
  const reopen = () => {
    source?.close();
    clearTimeout(silence);
    clearTimeout(again);
    if (closed) return;
    state.value = 'lost';
    again = setTimeout(open, backoff);
    backoff = Math.min(backoff * 2, maxBackoffMs);
  };
  const open = () => {
    source = new EventSource(url);
    source.addEventListener('open', heard);
    source.addEventListener('beat', heard);
    for (const [name, fn] of Object.entries(l.on)) {
      source.addEventListener(name, (e) => {
        heard();
        fn(JSON.parse((e as MessageEvent<string>).data));
      });
    }
    source.addEventListener('error', () => {
      if (source?.readyState === EventSource.CLOSED) l.refused?.();
      reopen();
    });
  };
  const wake = () => {
    if (document.visibilityState === 'visible' && state.value === 'lost') {
      backoff = 500;
      clearTimeout(again);
      source?.close();
      open();
    }
  };
  document.addEventListener('visibilitychange', wake);
  window.addEventListener('online', wake);
  open();
  return {
    state,
    close() {
      closed = true;
      source?.close();
      clearTimeout(silence);
      clearTimeout(again);
      document.removeEventListener('visibilitychange', wake);
      window.removeEventListener('online', wake);
    },
  };
}
