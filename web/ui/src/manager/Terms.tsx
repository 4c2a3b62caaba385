import { t } from '../lib/i18n';
import type { Credential, Hours, Terms as Given } from '../lib/types';
import { Field } from './parts';
import { momentOf } from './zone';

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** What is filled in about a new credential, as its fields hold it. */
export interface Draft {
  kind: Credential['kind'];
  label: string;
  pin: string;
  from: string;
  to: string;
  hours: Hours | undefined;
}

export const emptyDraft = (kind: Credential['kind']): Draft => ({ kind, label: '', pin: '', from: '', to: '', hours: undefined });

/** The draft as the server takes it; times are the building's. */
export function termsOf(d: Draft, zone: string): Given {
  const at = (wall: string) => momentOf(wall, zone)?.toISOString();
  const from = at(d.from);
  const to = at(d.to);
  return {
    kind: d.kind,
    ...(d.kind === 'pass' && d.label.trim() && { label: d.label.trim() }),
    ...(d.pin.trim() && { pin: d.pin.replace(/\s/g, '') }),
    ...(from && { valid_from: from }),
    ...(to && { valid_to: to }),
    ...(d.hours && { hours: [d.hours] }),
  };
}

/** Hours in words: "Mon, Tue 07:00–19:00". */
export const hoursText = (h: Hours): string =>
  `${h.days?.length ? h.days.map((d) => t(`manager.day.${d}`)).join(', ') : t('manager.day.every')} ${h.from}–${h.to}`;

/** Whom a new credential is for, and when it opens. */
export function Terms({ d, kinds, onDraft }: { d: Draft; kinds: Credential['kind'][]; onDraft: (d: Draft) => void }) {
  const set = (part: Partial<Draft>) => onDraft({ ...d, ...part });
  return (
    <>
      {kinds.length > 1 && (
        <Field label={t('manager.terms.kind')} hint={t(`manager.terms.kind.${d.kind}.hint`)}>
          {(a) => (
            <select {...a} class="input" value={d.kind} onChange={(e) => set({ kind: e.currentTarget.value as Credential['kind'] })}>
              {kinds.map((k) => <option key={k} value={k}>{t(`manager.terms.kind.${k}`)}</option>)}
            </select>
          )}
        </Field>
      )}
      {d.kind === 'pass' && (
        <Field label={t('manager.terms.label')}>
          {(a) => <input {...a} class="input" required maxLength={100} autocomplete="off" value={d.label} onInput={(e) => set({ label: e.currentTarget.value })} />}
        </Field>
      )}
      <Field label={t('manager.terms.pin')} hint={t('manager.terms.pin.hint')}>
        {(a) => <input {...a} class="input mono" inputMode="numeric" pattern="[0-9 ]{6,15}" autocomplete="off" value={d.pin} onInput={(e) => set({ pin: e.currentTarget.value })} />}
      </Field>
      <div class="pair">
        <Field label={t('manager.terms.from')}>{(a) => <input {...a} class="input" type="datetime-local" value={d.from} onInput={(e) => set({ from: e.currentTarget.value })} />}</Field>
        <Field label={t('manager.terms.to')}>{(a) => <input {...a} class="input" type="datetime-local" value={d.to} onInput={(e) => set({ to: e.currentTarget.value })} />}</Field>
      </div>
      <label class="check">
        <input type="checkbox" checked={Boolean(d.hours)} onChange={(e) => set({ hours: e.currentTarget.checked ? { days: [], from: '07:00', to: '19:00' } : undefined })} />
        <span>{t('manager.terms.hours')}</span>
      </label>
      {d.hours && <Window h={d.hours} onHours={(hours) => set({ hours })} />}
    </>
  );
}

function Window({ h, onHours }: { h: Hours; onHours: (h: Hours) => void }) {
  const on = h.days ?? [];
  return (
    <fieldset class="stack window">
      <legend>{t('manager.terms.hours.days')}</legend>
      <div class="days">
        {days.map((d) => (
          <label key={d} class="check">
            <input type="checkbox" checked={on.includes(d)} onChange={(e) => onHours({ ...h, days: days.filter((x) => (x === d ? e.currentTarget.checked : on.includes(x))) })} />
            <span>{t(`manager.day.${d}`)}</span>
          </label>
        ))}
      </div>
      <div class="pair">
        <Field label={t('manager.terms.hours.from')}>{(a) => <input {...a} class="input" type="time" required value={h.from} onInput={(e) => onHours({ ...h, from: e.currentTarget.value })} />}</Field>
        <Field label={t('manager.terms.hours.to')}>{(a) => <input {...a} class="input" type="time" required value={h.to} onInput={(e) => onHours({ ...h, to: e.currentTarget.value })} />}</Field>
      </div>
    </fieldset>
  );
}
