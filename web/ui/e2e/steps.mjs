// Steps of one story that build on each other, at one kiosk.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shoot } from './house.mjs';

/** What the steps share: set by a file's before(). */
export const at = { house: undefined, browser: undefined, kiosk: undefined };
let broken = ''; // the first step that failed: what follows builds on it

/** it is one step; a failure keeps a picture and the services' words. */
export function it(name, step) {
  test(name, async () => {
    if (broken) assert.fail(`not tried, since this failed: ${broken}`);
    try {
      await step();
    } catch (e) {
      broken = name;
      await shoot(at.kiosk, 'failed').catch(() => {});
      console.log(at.house.log().split('\n').filter((l) => !l.includes('level=INFO msg=request')).slice(-60).join('\n'));
      throw e;
    }
  });
}

/** openKiosk opens the kiosk's page as its screen shows it. */
export async function openKiosk(viewport = { width: 1080, height: 1920 }) {
  const context = await at.browser.newContext({ viewport, permissions: ['camera'] });
  at.kiosk = await context.newPage();
  at.kiosk.on('pageerror', (e) => assert.fail(`the kiosk page failed: ${e.stack}`));
  await at.kiosk.goto(`${at.house.url}/kiosk/K1`);
}

const signin = (carrier) => at.house.welcome().credentials.find((c) => c.who === `courier, ${carrier}`).signin;
export const courierPIN = (carrier) => /PIN (\d+)/.exec(signin(carrier))[1];
export const courierCard = (carrier) => /card (\w+)/.exec(signin(carrier))[1];
export const mailedPIN = (mail) => /PIN: ?(\d{4}) ?(\d{4})/.exec(mail.text).slice(1).join('');

export async function typePIN(pin) {
  await at.kiosk.getByRole('group', { name: 'PIN' }).waitFor();
  for (const d of pin) await at.kiosk.getByRole('button', { name: d, exact: true }).click();
  await at.kiosk.getByRole('button', { name: 'OK', exact: true }).click();
}

/** idle waits until the kiosk is free for the next person. */
export const idle = () => at.kiosk.getByRole('heading', { name: 'Deliver or pick up' }).waitFor({ timeout: 40_000 });

/** view is what the kiosk was told to show. */
export const view = async () => (await fetch(`${at.house.url}/api/kiosk/K1`)).json();

/** What has focus, as a screen reader would call it. */
export const focused = () => at.kiosk.evaluate(() => {
  const e = document.activeElement;
  return (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent).trim();
});

/** tabTo presses Tab until what has focus is called so. */
export async function tabTo(name) {
  for (let i = 0; i < 80; i++) {
    await at.kiosk.keyboard.press('Tab');
    if (name.test(await focused())) return;
  }
  assert.fail(`no key press reaches ${name}`);
}

/** typeSlowly types as a person does: a card reader or hand scanner is faster. */
export const typeSlowly = (text) => at.kiosk.keyboard.type(text, { delay: 90 });

/**
 * scan types as a card reader or hand scanner does, whose keys come 5 ms apart by
 * the time that the system stamps them with, however slow this machine is.
 */
export async function scan(text) {
  const keys = await at.kiosk.context().newCDPSession(at.kiosk);
  const start = Date.now() / 1000;
  await Promise.all([...text, 'Enter'].flatMap((key, i) => {
    const press = key === 'Enter' ? { key, code: key, windowsVirtualKeyCode: 13, text: '\r' } : { key, text: key };
    return ['keyDown', 'keyUp'].map((type) => keys.send('Input.dispatchKeyEvent', { ...press, text: type === 'keyDown' ? press.text : undefined, type, timestamp: start + i * 0.005 }));
  }));
  await keys.detach();
}
