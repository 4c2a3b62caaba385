import { language, languages, setLanguage, t, type Language } from '../i18n';

/** English and Spanish, each in its own words. */
export function LanguageSwitch({ onPick }: { onPick?: (l: Language) => void }) {
  return (
    <div class="languages" role="group" aria-label={t('language.label')}>
      {(Object.keys(languages) as Language[]).map((l) => (
        <button
          key={l}
          type="button"
          lang={l}
          aria-pressed={language.value === l ? 'true' : 'false'}
          onClick={() => {
            setLanguage(l);
            onPick?.(l);
          }}
        >
          {languages[l]}
        </button>
      ))}
    </div>
  );
}
