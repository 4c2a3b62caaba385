// Takes the README's picture anew: a courier at the kiosk, the manager's page
// and the simulated room, all of one house at work.
// npm run picture -- FILE.png
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBrowser, openHouse, until } from './house.mjs';
import { at, courierPIN, openKiosk, typePIN } from './steps.mjs';

const [file = new URL('../../../deploy/screenshots/packroom.png', import.meta.url).pathname] = process.argv.slice(2);
const house = at.house = await openHouse({ binary: process.env.PACKROOM ?? new URL('../../../bin/packroom', import.meta.url).pathname });
at.browser = await openBrowser(house, join(house.data, 'demo/rebecca-patel-20b.jpg'));

/** ask is one request of the kiosk's page. */
async function ask(path, body, type = 'application/json') {
  const r = await fetch(`${house.url}/api/kiosk/K1/${path}`, {
    method: 'POST', headers: { 'Content-Type': type, Origin: house.url, 'X-Packroom': '1' }, body: type === 'application/json' ? JSON.stringify(body) : body,
  });
  return r.json();
}

const now = async () => (await fetch(`${house.url}/api/kiosk/K1`)).json();

/** deliver scans packages and puts them on shelves one by one, and then one that nobody scanned. */
async function deliver(packages, unscanned) {
  await ask('start', { form: 'pin', secret: courierPIN('FedEx') });
  for (const [i, { photo, tracking, slot, size }] of packages.entries()) {
    const { picture, reading } = await ask('label', readFileSync(join(house.data, 'demo', photo)), 'image/jpeg');
    await ask('register', { resident: reading.candidates[0].resident_id, carrier: 'FedEx', tracking, label_photo: picture });
    if (i === 0) {
      await ask('open', {});
      await house.act({ do: 'enter' });
    }
    await house.act({ do: 'place', slot, size });
    await until(`${tracking} is seen`, async () => (await now()).parcels.find((p) => p.tracking === tracking)?.state === 'stored', 60_000);
  }
  await house.act({ do: 'place', slot: unscanned, size: 'M' });
  await until('it is seen', async () => (await now()).loose.length > 0, 60_000);
  await house.act({ do: 'leave' });
  await until('the visit is over', async () => !(await now()).visit, 150_000);
}

/** desk opens the manager's page at a shelf. */
async function desk(slot) {
  const page = await (await at.browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })).newPage();
  const [, email, password] = /(\S+), password (\S+)/.exec(house.welcome().credentials.find((c) => c.who === 'manager').signin);
  await page.goto(`${house.url}/manager`);
  await page.locator('[name=email]').fill(email);
  await page.locator('[name=password]').fill(password);
  await page.keyboard.press('Enter');
  await page.locator(`[data-slot=${slot}]`).click();
  await page.locator('.shelf-list .row img').first().waitFor();
  return page;
}

/** atTheShelf waits until who carries something has walked and stands. */
async function atTheShelf(page) {
  const where = async () => JSON.stringify((await house.simState()).people.find((p) => p.carries)?.at);
  for (let walked = false, last; ; ) {
    await page.waitForTimeout(250);
    const here = await where();
    if (walked && here && here === last) return;
    walked ||= Boolean(here && last && here !== last);
    last = here;
  }
}

/** mount puts the pictures of the pages side by side. */
async function mount(kiosk, manager, room) {
  const page = await (await at.browser.newContext({ viewport: { width: 1600, height: 1186 } })).newPage();
  const img = (png, style) => `<img style="border-radius:14px;${style}" src="data:image/png;base64,${png.toString('base64')}">`;
  await page.setContent(`<body style="margin:0;padding:24px;box-sizing:border-box;height:100vh;background:#dde4e1;display:grid;gap:18px;grid:1fr 1fr/640px 894px">
    ${img(kiosk, 'width:640px;grid-row:span 2')}${img(manager, 'width:894px')}${img(room, 'width:894px')}`);
  await page.evaluate(() => Promise.all([...document.images].map((i) => i.decode())));
  await page.screenshot({ path: file });
}

try {
  await deliver([
    { photo: 'dmitri-vogel-708.jpg', tracking: '771234567891', slot: 'B2', size: 'M' },
    { photo: 'kofi-ballard-6a.jpg', tracking: '771234567892', slot: 'C2', size: 'L' },
    { photo: 'deborah-johnson-8e.jpg', tracking: '771234567893', slot: 'D3', size: 'S' },
  ], 'A3');
  await openKiosk();
  await typePIN(courierPIN('UPS'));
  const yes = at.kiosk.getByRole('button', { name: 'Yes, Rebecca Patel' });
  await yes.waitFor({ timeout: 30_000 });
  const kiosk = await at.kiosk.screenshot();
  await yes.click();
  await at.kiosk.getByRole('button', { name: 'Open the door' }).click();
  await until('the door is unlocked', async () => (await house.simState()).door.state === 'unlocked');
  await house.act({ do: 'enter' });
  const manager = await desk('B2');
  const room = await (await at.browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await room.goto(house.simURL);
  const placed = house.act({ do: 'place', slot: 'B3', size: 'M' });
  await atTheShelf(room);
  const views = [await manager.screenshot(), await room.screenshot()];
  await placed;
  await mount(kiosk, ...views);
} finally {
  await at.browser.close();
  await house.close();
}
