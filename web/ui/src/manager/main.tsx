import { render } from 'preact';
import '../lib/tokens.css';
import '../lib/components.css';
import './manager.css';
import './now.css';
import './pages.css';
import './timeline.css';
import './wall.css';
import { language, setLanguage } from '../lib/i18n';
import { Manager } from './Manager';

setLanguage(language.value);
render(<Manager />, document.getElementById('app')!);
