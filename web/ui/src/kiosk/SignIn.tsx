import { useEffect, useRef, useState } from 'preact/hooks';
import { Button, PinPad } from '../lib/components';
import { t } from '../lib/i18n';

const keys = [...'1234567890ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
/** Nobody finds the apartment that somebody else has typed. */
const forgetMs = 60_000;

interface Props {
  onPin: (pin: string, unit: string) => void;
  disabled: boolean;
  busy: boolean;
  attempt: number;
}

/** Where the building asks for it, residents type their apartment before their PIN; all others type a PIN. */
export function SignIn({ byUnit, ...pad }: Props & { byUnit: boolean }) {
  const [lives, setLives] = useState(true);
  const [unit, setUnit] = useState('');

  useEffect(() => {
    if (!unit) return;
    const timer = setTimeout(() => setUnit(''), forgetMs);
    return () => clearTimeout(timer);
  }, [unit, pad.attempt]);

  if (!byUnit) return <Pin title={t('kiosk.pin_hint')} {...pad} onPin={(pin) => pad.onPin(pin, '')} />;
  return (
    <>
      <div class="who" role="group" aria-label={t('kiosk.who')}>
        {[true, false].map((home) => (
          <button key={String(home)} type="button" aria-pressed={lives === home ? 'true' : 'false'} onClick={() => { setLives(home); setUnit(''); }}>
            {t(home ? 'kiosk.live_here' : 'kiosk.work_here')}
          </button>
        ))}
      </div>
      {lives && !unit && <Unit disabled={pad.disabled} onUnit={setUnit} />}
      {lives && unit && (
        <Pin title={t('kiosk.unit_pin', { unit })} {...pad} onPin={(pin) => pad.onPin(pin, unit)}>
          <Button size="l" onClick={() => setUnit('')}>{t('kiosk.unit_other')}</Button>
        </Pin>
      )}
      {!lives && <Pin title={t('kiosk.pin_hint')} {...pad} onPin={(pin) => pad.onPin(pin, '')} />}
    </>
  );
}

function Pin({ title, children, ...pad }: { title: string; children?: preact.ComponentChildren; onPin: (pin: string) => void } & Omit<Props, 'onPin'>) {
  return (
    <>
      <div class="pin-head">
        <h2>{title}</h2>
        {children}
      </div>
      <PinPad {...pad} />
    </>
  );
}

/** The apartment's number, by fingers or by keys. */
function Unit({ onUnit, disabled }: { onUnit: (unit: string) => void; disabled: boolean }) {
  const [unit, setUnit] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const add = (k: string) => setUnit((u) => (u + k).slice(0, 12));
  const next = () => unit.trim() && onUnit(unit.trim());
  useEffect(() => field.current?.focus(), []);
  return (
    <form class="unit" onSubmit={(e) => { e.preventDefault(); next(); }}>
      <h2><label for="unit">{t('kiosk.unit_hint')}</label></h2>
      <input
        id="unit"
        ref={field}
        value={unit}
        maxLength={12}
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        inputMode={window.innerWidth >= 700 ? 'none' : 'text'}
        disabled={disabled}
        onInput={(e) => setUnit(e.currentTarget.value.toUpperCase())}
      />
      <div class="unit-keys">
        {keys.map((k) => <button key={k} type="button" tabIndex={-1} disabled={disabled} onClick={() => add(k)}>{k}</button>)}
        <button type="button" class="wide" disabled={disabled || !unit} onClick={() => setUnit((u) => u.slice(0, -1))} aria-label={t('kiosk.unit_back')}>⌫</button>
        <button type="submit" class="wide go" disabled={disabled || !unit.trim()}>{t('kiosk.unit_next')}</button>
      </div>
    </form>
  );
}
