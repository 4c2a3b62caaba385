import { render } from 'preact';
import '../lib/tokens.css';
import '../lib/components.css';
import './resident.css';
import { language, setLanguage } from '../lib/i18n';
import { Resident } from './Resident';

setLanguage(language.value);
render(<Resident token={decodeURIComponent(location.pathname.split('/')[2] ?? '')} />, document.getElementById('app')!);
