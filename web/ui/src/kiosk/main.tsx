import { render } from 'preact';
import '../lib/tokens.css';
import '../lib/components.css';
import { t } from '../lib/i18n';

render(<h1>{t('kiosk.title')}</h1>, document.getElementById('app')!);
