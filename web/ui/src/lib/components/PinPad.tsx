import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';

interface Props {
  /** Called with the digits at OK. */
  onPin: (pin: string) => void;
  disabled?: boolean;
  busy?: boolean;
  /** Changing it empties the field: after a wrong PIN, for example. */
  attempt?: number;
  maxLength?: number;
}

const digits = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** A PIN pad for fingers; the number keys, Backspace and Enter do the same. */
export function PinPad({ onPin, disabled, busy, attempt = 0, maxLength = 12 }: Props) {
  const [pin, setPin] = useState('');
  const off = Boolean(disabled || busy);
  const live = useRef({ pin, off, onPin });
  live.current = { pin, off, onPin };

  useEffect(() => setPin(''), [attempt]);

  const press = (d: string) => !live.current.off && setPin((p) => (p.length < maxLength ? p + d : p));
  const back = () => setPin((p) => p.slice(0, -1));
  const done = () => {
    const { pin: now, off: isOff, onPin: send } = live.current;
    if (!isOff && now.length >= 4) send(now);
  };

  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      const at = e.target as HTMLElement;
      if (at.closest('dialog, input, textarea, select')) return;
      if (/^\d$/.test(e.key)) press(e.key);
      else if (e.key === 'Backspace') back();
      else if (e.key === 'Enter' && !at.closest('button, a')) done();
      else return;
      if (e.key === 'Backspace') e.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);

  return (
    <div class="pinpad" role="group" aria-label={t('pin.label')}>
      <p class="pin-dots" aria-hidden="true">
        {Array.from({ length: Math.max(6, pin.length) }, (_, i) => (
          <span key={i} class={i < pin.length ? 'dot full' : 'dot'} />
        ))}
      </p>
      <p class="visually-hidden" aria-live="polite">
        {pin.length > 0 ? t('pin.typed', { count: pin.length }) : ''}
      </p>
      <div class="pin-keys">
        {digits.map((d) => (
          <button key={d} type="button" class="pin-key" disabled={off} onClick={() => press(d)}>
            {d}
          </button>
        ))}
        <button type="button" class="pin-key word" disabled={off || !pin} onClick={back} aria-label={t('pin.back')}>
          <svg viewBox="0 0 24 24" width="32" height="32" aria-hidden="true">
            <path d="M9 5h11v14H9l-6-7zM12.5 9.5l5 5m0-5l-5 5" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-linecap="round" />
          </svg>
        </button>
        <button type="button" class="pin-key" disabled={off} onClick={() => press('0')}>
          0
        </button>
        <button type="button" class="pin-key word go" disabled={off || pin.length < 4} aria-busy={busy ? 'true' : undefined} onClick={done}>
          {t('pin.ok')}
        </button>
      </div>
    </div>
  );
}
