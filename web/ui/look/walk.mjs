// Walks through every page over a made-up room and tells what is wrong with it.
import { mkdir, readFile } from 'node:fs/promises';
import { pages, sizes } from './pages.mjs';
import { serve } from './server.mjs';

const languages = { en: 'en-US', es: 'es-MX' };
const smallest = { kiosk: 64, phone: 44, other: 24 }; // pixels: at arm's length, on one's own phone, and WCAG 2.2's least

/**
 * Gives what is wrong with every page in every size and language, a line each:
 * what axe finds, what does not fit, what is too small to be touched, scripts
 * that failed. shots names a folder for pictures; only keeps to pages whose
 * name has it.
 */
export async function walk(browser, { shots = '', only = '' } = {}) {
  const server = await serve();
  const base = `http://127.0.0.1:${server.address().port}`;
  const axe = await readFile(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
  if (shots) await mkdir(shots, { recursive: true });
  const wrong = [];
  try {
    for (const [language, locale] of Object.entries(languages)) {
      const words = JSON.parse(await readFile(new URL(`../src/locale/${language}.json`, import.meta.url), 'utf8'));
      for (const [name, page] of Object.entries(pages)) {
        if (name.includes(only)) wrong.push(...await look({ browser, base, axe, shots, locale, words, page, name: `${name}-${language}` }));
      }
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return wrong;
}

async function look({ browser, base, axe, shots, locale, words, page, name }) {
  const wrong = [];
  const context = await browser.newContext({ viewport: viewport(page.sizes[0]), locale, permissions: ['camera'], reducedMotion: 'reduce' });
  try {
    if (page.who) await context.addCookies([{ name: 'who', value: page.who, url: base }]);
    const p = await context.newPage();
    p.setDefaultTimeout(15_000);
    p.on('pageerror', (e) => wrong.push(`${name}: script: ${e.message}`));
    p.on('console', (m) => m.type() === 'error' && !/40\d|42\d/.test(m.text()) && wrong.push(`${name}: console: ${m.text()}`));
    const id = page.path.split('/')[2];
    if (page.label) await p.addInitScript(([k, v]) => sessionStorage.setItem(k, v), [`packroom.pending.${id}`, JSON.stringify(page.label)]);
    await p.goto(base + page.path);
    await p.locator('h1').first().waitFor({ state: 'attached' });
    await page.act?.(p, words);
    await p.evaluate(axe); // not a script element: the page's policy forbids those
    for (const size of page.sizes) {
      await p.setViewportSize(viewport(size));
      await settled(p, viewport(size).width);
      if (shots) await p.screenshot({ path: `${shots}/${name}-${size}.png`, fullPage: size === 'phone' });
      let found = await faults(p, page, size);
      if (found.length) { // a fault stays; what a page shows for an instant while it is laid out anew is none
        await settled(p, viewport(size).width);
        found = await faults(p, page, size);
      }
      wrong.push(...found.map((f) => `${name}-${size}: ${f}`));
    }
  } catch (e) {
    wrong.push(`${name}: ${e.message}`);
  } finally {
    await context.close();
  }
  return wrong;
}

function viewport(size) {
  const [width, height] = sizes[size];
  return { width, height };
}

/** settled waits until fonts and pictures are there and the page has been laid out at its width. */
const settled = (p, width) => p.evaluate(async (width) => {
  while (innerWidth !== width) await new Promise((ok) => requestAnimationFrame(ok));
  await document.fonts.ready;
  await Promise.all([...document.images].filter((i) => i.loading !== 'lazy').map((i) => i.decode().catch(() => {})));
  await new Promise((ok) => requestAnimationFrame(() => requestAnimationFrame(ok)));
}, width);

function faults(p, page, size) {
  const kiosk = page.path.startsWith('/kiosk') && size !== 'phone';
  return p.evaluate(async ({ kiosk, least }) => {
    const out = [];
    const wide = document.documentElement.scrollWidth - innerWidth;
    const past = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5 && !e.closest('.table-box'));
    if (wide > 0) out.push(`${wide} px too wide: ${past.slice(0, 4).map((e) => `${e.tagName} ${e.className}`).join(', ')}`);
    const shown = (e) => e.checkVisibility() && getComputedStyle(e).clipPath === 'none';
    for (const e of document.querySelectorAll('button, a[href], [role=button], select, input:not([type=file], [type=radio], [type=checkbox])')) {
      const { width, height } = e.getBoundingClientRect();
      const inline = e.tagName === 'A' && getComputedStyle(e).display === 'inline';
      if (shown(e) && !inline && e.tagName !== 'g' && (width < least - 0.5 || height < least - 0.5)) out.push(`small: ${e.textContent || e.getAttribute('aria-label')} ${Math.round(width)}x${Math.round(height)}`);
      if (shown(e) && e.scrollWidth > e.clientWidth + 1 && e.tagName === 'BUTTON') out.push(`cut: ${e.textContent}`);
    }
    for (const e of kiosk ? document.querySelectorAll('.stage') : []) {
      if (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1) out.push(`clipped: ${e.className} ${e.scrollWidth}x${e.scrollHeight} in ${e.clientWidth}x${e.clientHeight}`);
    }
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return [...out, ...violations.map((v) => `axe ${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(' | ').slice(0, 300)}`)];
  }, { kiosk, least: kiosk ? smallest.kiosk : page.path.startsWith('/kiosk') ? smallest.phone : smallest.other });
}
