import { render } from 'preact';
import '../lib/tokens.css';
import '../lib/components.css';
import './kiosk.css';
import { language, setLanguage } from '../lib/i18n';
import { Kiosk } from './Kiosk';
import { follow } from './state';

setLanguage(language.value);
follow();
render(<Kiosk />, document.getElementById('app')!);
