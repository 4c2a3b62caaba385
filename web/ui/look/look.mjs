// npm run look -- [DIR] [PART OF A NAME]: screenshots of every page in every
// size into DIR, and axe's word on each. Exits with 1 where axe finds something,
// a page overflows, or a script fails.
import { mkdir, readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { labels } from './room.mjs';
import { serve } from './server.mjs';

const [dir = 'look/out', only = ''] = process.argv.slice(2);
const sizes = { portrait: [1080, 1920], landscape: [1280, 800], phone: [390, 844] };
const kiosk = (id, more = {}) => ({ path: `/kiosk/${id}`, ...more });
const pages = {
  idle: kiosk('idle'),
  'idle-wait': kiosk('idle', { act: async (p) => { await p.keyboard.type('482913', { delay: 90 }); await p.waitForTimeout(100); await p.keyboard.press('Enter'); await p.getByRole('alert').getByText(/wait/).waitFor(); } }),
  'courier-scan': kiosk('courier-scan'),
  'courier-match': kiosk('courier-scan', { label: labels.match }),
  'courier-shortlist': kiosk('courier-scan', { label: labels.shortlist }),
  'courier-search': kiosk('courier-scan', { label: labels.search, act: async (p) => { await p.getByRole('searchbox').fill('whit'); await p.getByText('James Whitfield').waitFor(); } }),
  'courier-placing': kiosk('courier-placing'),
  'courier-which': kiosk('courier-which'),
  'courier-unscanned': kiosk('courier-unscanned'),
  'courier-no-camera': kiosk('courier-no-camera'),
  'courier-where': kiosk('courier-no-camera', { act: async (p) => { await p.getByRole('button', { name: /I put it/ }).click(); } }),
  'courier-leave': kiosk('courier-which', { act: async (p) => { await p.getByRole('button', { name: "I'm done" }).click(); } }),
  resident: kiosk('resident'),
  'resident-es': kiosk('resident', { act: async (p) => { await p.getByRole('button', { name: 'Español' }).click(); } }),
  'resident-wrong': kiosk('resident-wrong'),
  staff: kiosk('staff'),
  'page-here': { path: '/r/here' },
  'page-none': { path: '/r/none' },
  'page-invalid': { path: '/r/wrong' },
};

const server = await serve();
const base = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
    '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
});
const axe = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
await mkdir(dir, { recursive: true });
let wrong = 0;
const report = (name, text) => {
  wrong++;
  console.log(`${name}: ${text}`);
};
for (const [name, page] of Object.entries(pages)) {
  for (const [size, [width, height]] of Object.entries(sizes)) {
    const shot = `${name}-${size}`;
    if (!shot.includes(only)) continue;
    const context = await browser.newContext({ viewport: { width, height }, locale: 'en-US', permissions: ['camera'], reducedMotion: 'reduce' });
    const p = await context.newPage();
    p.on('pageerror', (e) => report(shot, `script: ${e.message}`));
    p.on('console', (m) => m.type() === 'error' && !/40\d|429/.test(m.text()) && report(shot, `console: ${m.text()}`));
    const id = page.path.split('/')[2];
    if (page.label) await p.addInitScript(([k, v]) => sessionStorage.setItem(k, v), [`packroom.pending.${id}`, JSON.stringify(page.label)]);
    await p.goto(base + page.path);
    await p.locator('main').waitFor();
    await p.waitForTimeout(500);
    if (page.act) await page.act(p);
    await p.waitForTimeout(150);
    await p.screenshot({ path: `${dir}/${shot}.png`, fullPage: size === 'phone' });
    const wide = await p.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) report(shot, `${wide} px too wide`);
    if (page.path.startsWith('/kiosk') && size !== 'phone') {
      const small = await p.evaluate(() => [...document.querySelectorAll('button, [role=button]:not(g), input:not([type=file])')]
        .map((e) => [e.textContent || e.getAttribute('aria-label'), e.getBoundingClientRect()])
        .filter(([, r]) => r.width > 0 && (r.width < 63.5 || r.height < 63.5)).map(([n, r]) => `${n} ${Math.round(r.width)}x${Math.round(r.height)}`));
      if (small.length) report(shot, `small targets: ${small.join(', ')}`);
      const cut = await p.evaluate(() => [...document.querySelectorAll('.stage')].filter((e) => e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)
        .map((e) => `${e.className} ${e.scrollWidth}x${e.scrollHeight} in ${e.clientWidth}x${e.clientHeight}`));
      if (cut.length) report(shot, `clipped: ${cut.join(', ')}`);
    }
    await p.evaluate(axe);
    const found = await p.evaluate(() => globalThis.axe.run());
    for (const v of found.violations) report(shot, `axe ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(' | ').slice(0, 300)}`);
    await context.close();
  }
}
await browser.close();
server.close();
server.closeAllConnections();
console.log(wrong ? `${wrong} findings` : 'nothing found');
process.exitCode = wrong ? 1 : 0;
