import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button, Dialog, shortTracking } from '../lib/components';
import { formatTime, hasText, t } from '../lib/i18n';
import type { Parcel, Resident } from '../lib/types';
import { failureText, guard, zone } from './state';

/** What a form control is called, with what is wrong said beside it. */
export function Field({ label, hint, error, children, class: extra }: {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  class?: string;
  children: (attrs: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: 'true' }) => ComponentChildren;
}) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div class={`field${error ? ' wrong' : ''}${extra ? ` ${extra}` : ''}`}>
      <label for={id}>{label}</label>
      {children({ id, ...(note && { 'aria-describedby': `${id}-note` }), ...(error && { 'aria-invalid': 'true' as const }) })}
      {note && <p id={`${id}-note`} class="note">{note}</p>}
    </div>
  );
}

/** Why something is done; the log keeps it. */
export function ReasonField({ value, onInput, label }: { value: string; onInput: (v: string) => void; label?: string }) {
  return (
    <Field label={label ?? t('manager.reason')} hint={t('manager.reason.hint')}>
      {(a) => (
        <input {...a} class="input" type="text" required minLength={3} maxLength={500} autocomplete="off" value={value} onInput={(e) => onInput(e.currentTarget.value)} />
      )}
    </Field>
  );
}

/** What went wrong with what a person just did. */
export function Wrong({ text }: { text: string }) {
  return (
    <div class="wrong-box" role="alert">
      {text && <p>{text}</p>}
    </div>
  );
}

/** Runs one request at a time and keeps what went wrong. */
export function useAction(): { busy: boolean; wrong: string; run: (fn: () => Promise<unknown>) => Promise<boolean>; setWrong: (s: string) => void } {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState('');
  const running = useRef(false);
  const run = async (fn: () => Promise<unknown>) => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setWrong('');
    try {
      await fn();
      return true;
    } catch (e) {
      setWrong(failureText(e));
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, wrong, run, setWrong };
}

/** A dialog that is a form: Enter sends it, the button at its end too. */
export function FormDialog({ title, send, onSend, onClose, children, danger, wide, ready = true }: {
  title: string;
  send: string;
  onSend: () => Promise<unknown>;
  onClose: () => void;
  children: ComponentChildren;
  danger?: boolean;
  wide?: boolean;
  ready?: boolean;
}) {
  const { busy, wrong, run } = useAction();
  const id = useId();
  return (
    <Dialog
      title={title}
      onClose={onClose}
      {...(wide && { wide })}
      actions={
        <>
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button kind={danger ? 'danger' : 'primary'} type="submit" form={id} busy={busy} disabled={!ready}>{send}</Button>
        </>
      }
    >
      <form
        id={id}
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          if (ready) void run(onSend).then((ok) => ok && onClose());
        }}
      >
        {children}
        <Wrong text={wrong} />
      </form>
    </Dialog>
  );
}

/** One reason, one button. */
export function ReasonDialog({ title, text, send, onSend, onClose }: {
  title: string;
  text?: string;
  send: string;
  onSend: (reason: string) => Promise<unknown>;
  onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  return (
    <FormDialog title={title} send={send} onSend={() => onSend(reason)} onClose={onClose}>
      {text && <p>{text}</p>}
      <ReasonField value={reason} onInput={setReason} />
    </FormDialog>
  );
}

export const fullName = (r: Resident): string => `${r.first_name} ${r.last_name}`.trim();

/** Finds a resident by name or unit: type, arrow keys, Enter. */
export function ResidentPicker({ label, hint, onPick, statuses = 'current,notice', value = '' }: {
  label: string;
  hint?: string;
  onPick: (r: Resident | undefined) => void;
  statuses?: string;
  value?: string;
}) {
  const [q, setQ] = useState(value);
  const [found, setFound] = useState<Resident[] | undefined>();
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const list = useId();
  useEffect(() => setQ(value), [value]);
  useEffect(() => {
    if (!open || q.trim() === '') {
      setFound(undefined);
      return;
    }
    let stale = false;
    const timer = setTimeout(() => {
      guard(managerApi.residents({ q: q.trim(), status: statuses, limit: 8 })).then(
        (r) => {
          if (stale) return;
          setFound(r);
          setAt(r.length ? 0 : -1);
        },
        () => !stale && setFound([]),
      );
    }, 150);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [q, open, statuses]);

  const pick = (r: Resident) => {
    setQ(`${fullName(r)}, ${r.unit}`);
    setOpen(false);
    onPick(r);
  };
  const shown = open && found !== undefined;
  return (
    <Field label={label} hint={hint} class="picker">
      {(a) => (
        <>
          <input
            {...a}
            class="input"
            type="search"
            role="combobox"
            list={undefined}
            aria-expanded={shown ? 'true' : 'false'}
            aria-controls={list}
            aria-autocomplete="list"
            aria-activedescendant={shown && at >= 0 ? `${list}-${at}` : undefined}
            autocomplete="off"
            value={q}
            onInput={(e) => {
              setQ(e.currentTarget.value);
              setOpen(true);
              onPick(undefined);
            }}
            onBlur={() => setOpen(false)}
            onKeyDown={(e) => {
              if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
                e.preventDefault();
                setOpen(true);
                const n = found?.length ?? 0;
                if (n) setAt((i) => (i + (e.key === 'ArrowDown' ? 1 : n - 1)) % n);
              } else if (e.key === 'Enter' && shown && at >= 0) {
                e.preventDefault();
                pick(found[at]!);
              } else if (e.key === 'Escape' && shown) {
                e.preventDefault();
                setOpen(false);
              }
            }}
          />
          <ul id={list} class="options" role="listbox" aria-label={label} hidden={!shown}>
            {shown && found.map((r, i) => (
              <li
                key={r.resident_id}
                id={`${list}-${i}`}
                role="option"
                aria-selected={i === at ? 'true' : 'false'}
                onMouseDown={(e) => {
                  e.preventDefault();
                  pick(r);
                }}
              >
                <span>{fullName(r)}</span>
                <span class="mono">{r.unit}</span>
              </li>
            ))}
          </ul>
          <p class="visually-hidden" aria-live="polite">{shown ? t('manager.found', { count: found.length }) : ''}</p>
          {shown && found.length === 0 && <p class="options none">{t('manager.found.none')}</p>}
        </>
      )}
    </Field>
  );
}

/** A state in words with a mark that is not colour alone. */
export function Tag({ tone = 'plain', children }: { tone?: 'plain' | 'ok' | 'warn' | 'bad' | 'info'; children: ComponentChildren }) {
  return <span class={`tag ${tone}`}>{children}</span>;
}

const parcelTones = { unidentified: 'warn', missing: 'bad', held: 'info', registered: 'plain', stored: 'ok' } as const;
/** How much a package's state asks for somebody. */
export const toneOf = (p: Parcel) => (parcelTones as Record<string, 'warn' | 'bad' | 'info' | 'plain' | 'ok'>)[p.state] ?? 'plain';

/** Who it is for, in words even where nobody knows. */
export const parcelTitle = (p: Parcel): string =>
  p.name ? `${p.name}${p.unit ? `, ${p.unit}` : ''}` : t(p.state === 'unidentified' || !p.resident ? 'manager.parcel.unknown' : 'manager.who.resident');

/** A package's pictures with what they show; one that stands for both is its label's. */
export function picturesOf(p: Parcel): { refs: string[]; labels: string[] } {
  const all = [[p.photo === p.label_photo ? '' : p.photo, t('manager.picture.shelf')], [p.label_photo, t('manager.picture.label')]] as const;
  const shown = all.filter(([ref]) => ref);
  return { refs: shown.map(([ref]) => ref!), labels: shown.map(([, label]) => label) };
}

/** What was noted with a package: a person's words in quotes, the box's own in the page's language. */
export function Note({ p }: { p: Parcel }) {
  if (!p.note) return null;
  const key = `manager.note.${p.note.replaceAll(' ', '_')}`;
  return <p class="soft">{hasText(key) ? t(key) : `“${p.note}”`}</p>;
}

/** What else is known of a package, in one line. */
export function ParcelLines({ p }: { p: Parcel }) {
  const since = p.stored ?? p.registered;
  return (
    <p class="soft">
      {[p.carrier, p.tracking && shortTracking(p.tracking), since && t('manager.since', { time: formatTime(since, zone.value) })].filter(Boolean).join(' · ')}
    </p>
  );
}

/** Loads again whenever a dependency changes; an older answer never replaces a newer one. */
export function useLoad<T>(load: () => Promise<T>, deps: unknown[]): { data: T | undefined; wrong: string; again: () => void; loading: boolean } {
  const [data, setData] = useState<T | undefined>();
  const [wrong, setWrong] = useState('');
  const [loading, setLoading] = useState(true);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let stale = false;
    setLoading(true);
    guard(load()).then(
      (d) => {
        if (stale) return;
        setData(d);
        setWrong('');
        setLoading(false);
      },
      (e: unknown) => {
        if (stale) return;
        setWrong(failureText(e));
        setLoading(false);
      },
    );
    return () => {
      stale = true;
    };
  }, [...deps, turn]);
  return { data, wrong, loading, again: () => setTurn((n) => n + 1) };
}

/** Whether the window is at least so wide, followed. */
export function useWide(px: number): boolean {
  const query = `(min-width: ${px}px)`;
  const [wide, setWide] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const m = matchMedia(query);
    const change = () => setWide(m.matches);
    m.addEventListener('change', change);
    return () => m.removeEventListener('change', change);
  }, [query]);
  return wide;
}
