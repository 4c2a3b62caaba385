// npm run look -- [DIR] [PART OF A NAME]: screenshots of every page in every
// size and language into DIR, and what is wrong with each. Exits with 1 where
// anything is.
import { launch } from '../e2e/browser.mjs';
import { walk } from './walk.mjs';

const [shots = 'look/out', only = ''] = process.argv.slice(2);
const browser = await launch();
const wrong = await walk(browser, { shots, only });
await browser.close();
for (const w of wrong) console.log(w);
console.log(wrong.length ? `${wrong.length} findings` : 'nothing found');
process.exitCode = wrong.length ? 1 : 0;
