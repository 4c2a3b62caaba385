import type { ComponentChildren } from 'preact';
import { t } from '../i18n';

interface Props {
  title: string;
  /** Under the title: unit, carrier, time. */
  lines?: (string | undefined)[];
  tracking?: string | undefined;
  /** Address of a picture; none shows a drawn box. */
  picture?: string | undefined;
  pictureAlt?: string;
  slot?: string | undefined;
  /** The slot is where it should go, not where it is. */
  toward?: boolean;
  tone?: 'plain' | 'wait' | 'ok' | 'warn' | 'here' | 'done';
  /** Said in words beside its colour. */
  state?: string | undefined;
  children?: ComponentChildren;
}

/** One package as people see it: like its label, with the slot as the stamp. */
export function PackageCard({ title, lines = [], tracking, picture, pictureAlt, slot, toward, tone = 'plain', state, children }: Props) {
  return (
    <article class={`package ${tone}`}>
      <figure class="package-picture">
        {picture ? <img src={picture} alt={pictureAlt ?? t('package.picture')} loading="lazy" /> : <Box />}
      </figure>
      <div class="package-text">
        <h3>{title}</h3>
        {lines.filter(Boolean).map((l) => (
          <p key={l}>{l}</p>
        ))}
        {tracking && (
          <p class="mono package-tracking" title={tracking}>
            {shortTracking(tracking)}
          </p>
        )}
        {state && <p class="package-state">{state}</p>}
      </div>
      {slot && (
        <p class={`slot-tag${toward ? ' toward' : ''}`}>
          <span class="visually-hidden">{t(toward ? 'courier.put_on' : 'map.slot', { slot: '' })}</span>
          {slot}
        </p>
      )}
      {children && <div class="package-actions">{children}</div>}
    </article>
  );
}

/** The end of a tracking number is what tells two apart. */
export function shortTracking(n: string): string {
  return n.length > 14 ? `…${n.slice(-10)}` : n;
}

function Box() {
  return (
    <svg viewBox="0 0 48 48" class="package-box" aria-hidden="true">
      <path d="M6 15l18-8 18 8v19l-18 8-18-8zM6 15l18 8 18-8M24 23v19M15 11l18 8v7" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" />
    </svg>
  );
}
