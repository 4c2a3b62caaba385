import { language, t } from '../lib/i18n';

const rows = {
  en: ['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm-'],
  es: ['1234567890', 'qwertyuiop', 'asdfghjklñ', 'zxcvbnm-'],
};

/** A keyboard on the screen. The search takes letters without accents too. */
export function Keyboard({ onKey, onBack }: { onKey: (k: string) => void; onBack: () => void }) {
  return (
    <div class="keyboard" role="group" aria-label={t('courier.search')}>
      {rows[language.value].map((row, i) => (
        <div class="key-row" key={row}>
          {[...row].map((k) => (
            <button key={k} type="button" tabIndex={-1} onClick={() => onKey(k)}>
              {k.toUpperCase()}
            </button>
          ))}
          {i === 3 && (
            <>
              <button type="button" tabIndex={-1} class="space" onClick={() => onKey(' ')} aria-label="space">
                ␣
              </button>
              <button type="button" tabIndex={-1} class="erase" onClick={onBack} aria-label={t('pin.back')}>
                ⌫
              </button>
            </>
          )}
        </div>
      ))}
    </div>
  );
}
