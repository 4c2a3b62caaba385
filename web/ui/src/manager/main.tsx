import { render } from 'preact';
import '../lib/tokens.css';
import '../lib/components.css';
import { t } from '../lib/i18n';

function Manager() {
  return (
    <main>
      <h1>{t('manager.title')}</h1>
    </main>
  );
}

render(<Manager />, document.getElementById('app')!);
