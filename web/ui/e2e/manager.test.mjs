// The manager's day at a desk and on a phone: who is told, what is held, who
// may come in, and what of the machine does not work.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { join } from 'node:path';
import { complaints, openBrowser, openHouse, shoot, until } from './house.mjs';
import { at, courierPIN, it, mailedPIN, tabTo, view } from './steps.mjs';

const binary = process.env.PACKROOM ?? new URL('../../../bin/packroom', import.meta.url).pathname;
const arrived = { en: /package is here/, es: /paquete .*está aquí/ }; // in the resident's language
let desk; // the manager's page
const faults = [];

before(async () => {
  at.house = await openHouse({ binary });
  at.browser = await openBrowser(at.house);
  desk = at.kiosk = await openPage({ viewport: { width: 1280, height: 800 } });
  await desk.goto(`${at.house.url}/manager`);
}, { timeout: 240_000 });

after(async () => {
  await at.browser?.close();
  assert.equal(await at.house?.close(), 0, 'packroom up ended in good order');
  assert.deepEqual(faults, [], 'no script failed');
});

async function openPage(options) {
  const context = await at.browser.newContext({ locale: 'en-US', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (e) => faults.push(e.stack));
  return page;
}

const button = (name, where = desk) => where.getByRole('button', { name });
const dialog = () => desk.getByRole('dialog');
const go = (name) => desk.getByRole('navigation').getByRole('link', { name }).click();
const gone = () => dialog().waitFor({ state: 'detached' });
const signin = () => at.house.welcome().credentials.find((c) => c.who === 'manager').signin;
const password = () => /password (\S+)/.exec(signin())[1];

/** kiosk is one request of the kiosk's own page, whose screen stands on this box. */
async function kiosk(path, body, type = 'application/json') {
  const r = await fetch(`${at.house.url}/api/kiosk/K1/${path}`, {
    method: 'POST', headers: { 'Content-Type': type, Origin: at.house.url, 'X-Packroom': '1' },
    body: type === 'application/json' ? JSON.stringify(body) : body,
  });
  return r.json();
}

async function ask(path) {
  const r = await desk.request.get(`${at.house.url}/api/manager/${path}`);
  assert.ok(r.ok(), `${path}: ${r.status()}`);
  return r.json();
}

/** A delivery without anybody at the shelves: where packages lie is said by hand. */
async function deliver(carrier, packages) {
  const { visit, ...answer } = await kiosk('start', { form: 'pin', secret: courierPIN(carrier) });
  assert.ok(visit, JSON.stringify(answer));
  for (const p of packages) {
    const photo = readFileSync(join(at.house.data, 'demo', p.photo));
    const { picture } = await kiosk(`label?visit=${visit.id}`, photo, 'image/jpeg');
    const { parcel } = await kiosk('register', { visit: visit.id, resident: p.resident, carrier, tracking: p.tracking, label_photo: picture, size: 'medium' });
    if (p.slot) await kiosk('place', { visit: visit.id, parcel: parcel.id, slot: p.slot });
  }
  await kiosk('end', { visit: visit.id });
  await until('the visit is over', async () => !(await view()).visit);
}

it('a wrong password is refused in words, by keyboard', async () => {
  await desk.getByRole('heading', { name: 'Sign in' }).waitFor();
  await until('the first field has focus', () => desk.evaluate(() => document.activeElement.name === 'email'));
  await desk.keyboard.type('manager@example.com');
  await desk.keyboard.press('Tab');
  await desk.keyboard.type('a wrong password');
  await desk.keyboard.press('Enter');
  await desk.getByRole('alert').getByText(/wrong/).waitFor();
  assert.deepEqual(await complaints(desk), []);
  await shoot(desk, 'manager-wrong-password');
});

it('the right one opens the page, by keyboard', async () => {
  await desk.keyboard.press('Control+A');
  await desk.keyboard.type(password());
  await desk.keyboard.press('Enter');
  await desk.getByRole('heading', { name: 'Now', exact: true }).waitFor();
  await desk.getByText('Nothing to decide').waitFor();
});

it('every service is shown, and the cameras with their pictures', async () => {
  const table = desk.getByRole('group', { name: 'Services' });
  for (const name of ['nats', 'postgres', 'room', 'vision', 'ocr', 'notify', 'web', 'sim']) {
    await table.getByRole('row', { name: new RegExp(`^${name} Well`) }).waitFor();
  }
  for (const camera of ['cam1', 'cam2']) {
    await until(`a picture of ${camera}`, () => desk.getByRole('img', { name: `Picture of ${camera}` }).evaluate((i) => i.naturalWidth >= 640));
  }
});

it('a camera is watched live', async () => {
  await button(/Watch live cam1/).click();
  await desk.getByText('Live', { exact: true }).waitFor();
  const video = desk.locator('live-view[camera=cam1] video');
  await until('moving pictures', () => video.evaluate((v) => v.videoWidth === 1280 && v.currentTime > 0.3));
  await video.scrollIntoViewIfNeeded();
  await shoot(desk, 'manager-live');
  await button(/^Stop cam1/).click();
});

it('a package of nobody, one of somebody and one that was never put down appear by themselves', async () => {
  const [kofi] = await ask('residents?q=Kofi+Ballard');
  await deliver('UPS', [
    { photo: 'dmitri-vogel-708.jpg', resident: '', tracking: '1Z999AA10198765432', slot: 'B2' },
    { photo: 'kofi-ballard-6a.jpg', resident: kofi.resident_id, tracking: '1Z999AA10123456784', slot: 'C3' },
    { photo: 'alexander-ingram-3d.jpg', resident: '', tracking: '1Z999AA10155555555' },
  ]);
  await button('Whose is it?').waitFor();
  await desk.getByText('Scanned, but never put down').waitFor();
  await desk.getByRole('button', { name: /^Shelf B2\b.* 1 package/ }).waitFor();
  await at.house.box.wait('kofi.ballard', arrived[kofi.language]);
  await desk.evaluate(() => scrollTo(0, 0));
  await shoot(desk, 'manager-now');
});

it('a manager says whose it is, by keyboard, and the resident is told', async () => {
  await desk.getByRole('heading', { name: 'Now', exact: true }).focus();
  await tabTo(/^Whose is it\?$/);
  const decided = Date.now();
  await desk.keyboard.press('Enter');
  await dialog().waitFor();
  await tabTo(/^(It is one of the scanned labels|Assign to a resident)$/);
  while (!(await desk.getByRole('radio', { name: 'Assign to a resident' }).isChecked())) await desk.keyboard.press('ArrowDown');
  await desk.keyboard.press('Tab');
  await desk.keyboard.type('vogel 708');
  await desk.getByRole('option', { name: /Dmitri Vogel/ }).waitFor();
  await desk.keyboard.press('Enter');
  await desk.keyboard.press('Tab');
  await desk.keyboard.type('read the label under the tape');
  await shoot(desk, 'manager-assigned');
  await desk.keyboard.press('Enter');
  await gone();
  await button('Whose is it?').waitFor({ state: 'detached' });
  const [dmitri] = await ask('residents?q=Dmitri+Vogel');
  const mail = await at.house.box.wait('dmitri.vogel', arrived[dmitri.language], decided);
  assert.match(mailedPIN(mail), /^\d{8}$/);
  assert.notEqual(await desk.evaluate(() => document.activeElement.tagName), 'BODY', 'focus is not lost');
});

const shelf = () => desk.locator('.shelf-list');
async function decide(choice, reason) {
  await button('Decide…', shelf()).click();
  await desk.getByRole('radio', { name: choice }).check();
  await desk.getByLabel('Reason').fill(reason);
  await button('Save the decision').click();
  await gone();
}

it('a package is held back, released, and sent back', async () => {
  await button(/^Shelf B2\b.* 1 package/).click();
  await shelf().getByText('Dmitri Vogel, 708').waitFor();
  await decide('Hold it back', 'torn open');
  await shelf().getByText('Held by staff').waitFor();
  await shoot(desk, 'manager-held');
  await decide('Release it', 'taped again');
  await shelf().getByText('On its shelf').waitFor();
  await button(/^Shelf C3\b.* 1 package/).click();
  await shelf().getByText('Kofi Ballard, 6A').waitFor();
  await decide('Returned to the carrier', 'refused by the resident');
  await shelf().getByText('Nothing lies here.').waitFor();
  await button(/^Shelf C3\b(?!.*package)/).waitFor();
});

it('an incident is closed with a reason', async () => {
  await button('Close the incident').click();
  await dialog().getByLabel('Reason').fill('it went back to the van');
  await desk.keyboard.press('Enter');
  await gone();
  await desk.getByText('Scanned, but never put down').waitFor({ state: 'detached' });
});

it('the event log tells it in words and pictures, and keeps to one resident', async () => {
  await go('Event log');
  for (const words of ['read the label under the tape', 'torn open', 'it went back to the van', 'refused by the resident']) {
    await desk.locator('.event', { hasText: words }).first().waitFor();
  }
  await shoot(desk, 'manager-log');
  const all = await desk.locator('.event').count();
  await desk.getByRole('combobox', { name: 'Resident' }).fill('kofi');
  await desk.getByRole('option', { name: /Kofi Ballard/ }).waitFor();
  await desk.keyboard.press('Enter');
  await desk.waitForURL(/resident=R/);
  await desk.getByText('it went back to the van').waitFor({ state: 'detached' });
  const his = await desk.locator('.event').count();
  assert.ok(his >= 3 && his < all, `${his} of ${all} events are about one resident`);
  await desk.locator('.thumb').first().focus();
  await desk.keyboard.press('Enter');
  await until('the label in full', () => dialog().locator('img').evaluate((i) => i.naturalWidth > 600));
  await desk.keyboard.press('Escape');
  await gone();
  await shoot(desk, 'manager-log-resident');
});

it('what went out is in the outbox as it was sent', async () => {
  await go('Outbox');
  await desk.locator('.mail', { hasText: 'dmitri.vogel' }).first().click();
  await desk.frameLocator('iframe.letter').getByText(/Dmitri/).first().waitFor();
});

it('a resident is added, found, changed and deactivated', async () => {
  await go('Residents');
  await button('Add a resident').click();
  await desk.getByLabel('First name').fill('Ines');
  await desk.getByLabel('Last name').fill('Quandt');
  await desk.getByLabel('Unit', { exact: true }).fill('99Z');
  await desk.getByLabel('Phone for text messages').fill('(503) 555');
  await desk.keyboard.press('Enter');
  await desk.getByRole('alert').getByText(/phone/i).waitFor();
  await desk.getByLabel('Phone for text messages').fill('(503) 555-0177');
  await desk.keyboard.press('Enter');
  await desk.getByText('Saved: Ines Quandt').waitFor();
  await desk.getByRole('searchbox').fill('quandt 99z');
  await desk.getByRole('row', { name: /Ines Quandt/ }).getByText('+15035550177').waitFor();
  await button('Edit Ines Quandt').click();
  await desk.getByLabel('Unit', { exact: true }).fill('98Z');
  await button('Save', dialog()).click();
  await gone();
  await desk.getByRole('searchbox').fill('98z');
  await desk.getByRole('row', { name: /Ines Quandt 98Z/ }).waitFor();
  await button('Deactivate Ines Quandt').click();
  await button('Deactivate', dialog()).click();
  await desk.getByText('Nobody fits.').waitFor();
  const [kept] = await ask('residents?q=quandt&status=past');
  assert.deepEqual([kept.unit, kept.status, kept.phone], ['98Z', 'past', '+15035550177']);
});

it('a roster with a mistake names its line and changes nothing; the corrected one is taken over', async () => {
  const head = 'resident_id,first_name,last_name,unit,status,aliases,email,phone,language\n';
  const roster = (csv) => desk.setInputFiles('input[type=file]', { name: 'roster.csv', mimeType: 'text/csv', buffer: Buffer.from(head + csv) });
  await button('Import a CSV file').click();
  await roster('T1,Ann,Leeds,44B,current,,ann.leeds@example.com,,en\nT1,Bo,Leeds,44B,here,,,,en\n');
  await dialog().getByText('Line 3').first().waitFor();
  assert.ok(await button('Import', dialog()).isDisabled());
  assert.deepEqual(await complaints(desk), []);
  await shoot(desk, 'manager-import-wrong');
  assert.deepEqual(await ask('residents?q=leeds'), []);
  await roster('T1,Ann,Leeds,44B,current,,ann.leeds@example.com,,en\nT2,Bo,Leeds,44B,current,,,,en\n');
  await button('Import 2 residents').click();
  await desk.getByText('2 residents imported.').waitFor();
  await button('Close').click();
  assert.equal((await ask('residents?q=leeds')).length, 2);
});

/** What the kiosk answers to a credential; a visit that begins is ended. */
async function tried(form, secret) {
  const r = await kiosk('start', { form, secret });
  if (r.visit) await kiosk('end', { visit: r.visit.id });
  return r.visit ? 'in' : r.reason ?? r.kind;
}

it("a courier's PIN is shown once and works, a card too, until revoked or switched off", async () => {
  await go('Couriers');
  await button('Add a courier').click();
  await desk.getByLabel('Name').fill('Dana Okafor');
  await desk.getByLabel('Carrier').fill('DHL');
  await desk.keyboard.press('Enter');
  await desk.getByText('Saved: Dana Okafor').waitFor();
  await button('Credentials Dana Okafor').click();
  await button('Issue a new PIN and QR code').click();
  await dialog().getByRole('img', { name: /QR code of Dana Okafor/ }).waitFor();
  assert.deepEqual(await complaints(desk), []);
  await shoot(desk, 'manager-secret');
  const pin = (await dialog().locator('.pin').textContent()).replace(/\s/g, '');
  assert.equal(await tried('pin', pin), 'in');
  await button('I have noted it').click();
  await desk.getByRole('heading', { name: /^Credentials of/ }).waitFor();
  assert.ok(!(await dialog().textContent()).replace(/\s/g, '').includes(pin), 'the PIN is not shown again');
  await desk.getByLabel('Card number').fill('04FFEE11');
  await desk.keyboard.press('Enter');
  await desk.getByText('The card is enrolled.').waitFor();
  assert.equal(await tried('card', '04FFEE11'), 'in');
  await button('Revoke PIN').click();
  await button('Revoke for good').click();
  await desk.getByText('Revoked.', { exact: true }).waitFor();
  assert.equal(await tried('pin', pin), 'revoked');
  await shoot(desk, 'manager-revoked');
  await desk.keyboard.press('Escape');
  await gone();
  await button('Switch off Dana Okafor').click();
  await button('Switch off', dialog()).click();
  await gone();
  await desk.getByRole('row', { name: /Dana Okafor DHL Switched off/ }).waitFor();
  assert.equal(await tried('card', '04FFEE11'), 'inactive');
});

it('a service that is killed comes back, and the page counts it', async () => {
  const notify = async () => (await at.house.status()).find((s) => s.name === 'notify');
  const { pid, restarts } = await notify();
  process.kill(pid, 'SIGKILL');
  await until('it is back', async () => { const s = await notify(); return s.state === 'running' && s.pid !== pid; }, 30_000);
  await go('Now');
  await desk.getByRole('row', { name: new RegExp(`^notify Well .* ${restarts + 1}`) }).waitFor();
});

it("the simulated room's page is in order", async () => {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    const page = await openPage({ viewport: { width, height } });
    await page.goto(at.house.simURL);
    await page.getByRole('heading').first().waitFor();
    assert.deepEqual(await complaints(page), []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `it fits ${width} px`);
    await shoot(page, `room-${width}`);
    await page.context().close();
  }
});

it('who signs out is out', async () => {
  await button('Sign out').click();
  await desk.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal((await desk.request.get(`${at.house.url}/api/manager/residents`)).status(), 401);
});

it('the event log of all this verifies', () => {
  const out = execFileSync(binary, ['audit', 'verify', '--config', join(at.house.dir, 'packroom.yml'), '--data', at.house.data]).toString();
  assert.match(out, /\d+ events/);
});
