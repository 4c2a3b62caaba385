// The whole loop, as its users go through it: a courier at the kiosk, a resident
// by mail and at the kiosk, a manager at a desk.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { join } from 'node:path';
import { complaints, openBrowser, openHouse, shoot, until } from './house.mjs';
import { at, courierCard, courierPIN, idle, it, mailedPIN, openKiosk, scan, tabTo, typePIN, typeSlowly, view } from './steps.mjs';

const binary = process.env.PACKROOM ?? new URL('../../../bin/packroom', import.meta.url).pathname;

before(async () => {
  at.house = await openHouse({ binary });
  at.browser = await openBrowser(at.house, join(at.house.data, 'demo/rebecca-patel-20b.jpg'));
  await openKiosk();
}, { timeout: 240_000 });

after(async () => {
  await at.browser?.close();
  assert.equal(await at.house?.close(), 0, 'packroom up ended in good order');
});

/** A text must come to stand on the kiosk after an action; "make bench" says how fast. */
async function seenAfter(action, text) {
  await action;
  await text.waitFor({ timeout: 20_000 });
}

it('a wrong PIN is refused in words', async () => {
  await typePIN('123987');
  await at.kiosk.getByText('That PIN or code is not valid.').waitFor();
  await shoot(at.kiosk, 'kiosk-wrong-pin');
});

it('the idle kiosk has nothing that axe complains about', async () => {
  assert.deepEqual(await complaints(at.kiosk), []);
  await shoot(at.kiosk, 'kiosk-idle');
});

it('a courier shows a label and the kiosk reads it', async () => {
  await typePIN(courierPIN('UPS'));
  await at.kiosk.getByRole('heading', { name: 'Is it for Rebecca Patel?' }).waitFor({ timeout: 30_000 });
  await shoot(at.kiosk, 'kiosk-confirm');
  assert.deepEqual(await complaints(at.kiosk), []);
  await at.kiosk.getByRole('button', { name: 'Yes, Rebecca Patel' }).click();
  await at.kiosk.getByText('Waiting to be placed').or(at.kiosk.getByText('Put it on')).first().waitFor();
});

it('the kiosk goes on where it was after a reload, and after its computer was changed', async () => {
  await at.kiosk.reload();
  await at.kiosk.getByText('Rebecca Patel').first().waitFor();
  await at.browser.close();
  at.browser = await openBrowser(at.house); // its camera sees no label from here on
  await openKiosk();
  await at.kiosk.getByText('Rebecca Patel').first().waitFor();
});

it('a second label from a file, for the same courier', async () => {
  await at.kiosk.getByRole('button', { name: 'Next label' }).click();
  await at.kiosk.locator('input[type=file]').setInputFiles(join(at.house.data, 'demo/dmitri-vogel-708.jpg'));
  await at.kiosk.getByRole('button', { name: /Dmitri Vogel/ }).first().click({ timeout: 30_000 });
  await at.kiosk.getByText('Dmitri Vogel').first().waitFor();
});

it('a photograph that is none is answered clearly', async () => {
  await at.kiosk.getByRole('button', { name: 'Next label' }).click();
  await at.kiosk.locator('input[type=file]').setInputFiles({ name: 'x.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('this is no picture') });
  await at.kiosk.getByText(/not a picture|no picture|not an image/i).first().waitFor();
  await shoot(at.kiosk, 'kiosk-no-picture');
});

it('each placement appears on the kiosk by itself', async () => {
  await at.kiosk.getByRole('button', { name: 'Open the door' }).click();
  await until('the door is unlocked', async () => (await at.house.simState()).door.state === 'unlocked');
  await at.house.act({ do: 'enter' });
  for (const [name, number] of [['Rebecca Patel', '1Z6X22RF0391155422'], ['Dmitri Vogel', undefined]]) {
    const now = await view();
    const p = now.parcels.find((q) => q.name === name);
    if (number) assert.equal(p.tracking, number);
    await at.kiosk.getByRole('article').filter({ hasText: name }).getByText(`Put it on ${p.suggested}`).waitFor();
    await seenAfter(at.house.act({ do: 'place', slot: p.suggested, size: 'M' }), at.kiosk.getByText(`✓ On ${p.suggested}`).first());
  }
  await shoot(at.kiosk, 'kiosk-placed');
});

it('a package that nobody scanned is said before the courier leaves, and its slot is lit', async () => {
  const place = at.house.act({ do: 'place', slot: 'B3', size: 'L' });
  await at.kiosk.getByText('On B3: not scanned').first().waitFor({ timeout: 20_000 });
  await place;
  await until('the slot is lit as a warning', async () => (await at.house.simState()).slots.find((s) => s.id === 'B3').light === 'warn');
  const said = await until('it was said aloud', async () => JSON.stringify((await at.house.simState()).said ?? (await at.house.simState()).voice).includes('B3'));
  assert.ok(said);
  await shoot(at.kiosk, 'kiosk-unscanned');
  await at.house.act({ do: 'take', slot: 'B3' });
  await until('the warning is over', async () => (await at.house.simState()).slots.find((s) => s.id === 'B3').light === 'off');
});

it('the visit ends when the door has closed behind the courier', async () => {
  await at.house.act({ do: 'leave' });
  await idle();
});

let mail;

it('the resident was told by mail, with PIN, QR, picture and link', async () => {
  mail = await at.house.box.wait('rebecca.patel', /package is here/);
  assert.match(mail.text, /PIN: ?\d{4} ?\d{4}/);
  const kinds = mail.attachments.map((a) => a.contentType);
  assert.ok(kinds.filter((k) => k.startsWith('image/')).length >= 3, `QR, map and picture are in the mail: ${kinds}`);
});

it('the link shows the resident what is here', async () => {
  const link = /https?:\/\/\S+\/r\/\S+/.exec(mail.text)[0];
  const context = await at.browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByText(/Hello Rebecca|Rebecca/).first().waitFor();
  await page.getByText(/UPS/).first().waitFor();
  assert.deepEqual(await complaints(page), []);
  await shoot(page, 'resident-phone');
  const [, shown] = /resident\s+(http\S+) \(Rebecca Patel/.exec(at.house.log());
  await page.goto(shown); // the one that "packroom up" prints
  await page.getByText(/UPS/).first().waitFor();
  await context.close();
});

it('a resident shows the QR code of the mail, is led to the package and takes it out', async () => {
  const code = mail.attachments.find((a) => /qr/i.test(a.filename ?? a.contentId ?? a.cid ?? ''));
  const picture = join(at.house.dir, 'mailed-qr.png');
  writeFileSync(picture, code.content);
  await at.browser.close();
  at.browser = await openBrowser(at.house, picture);
  await openKiosk();
  await until('the door is unlocked', async () => (await at.house.simState()).door.state === 'unlocked');
  await at.house.act({ do: 'enter' });
  await at.browser.close();
  at.browser = await openBrowser(at.house); // its camera sees no code from here on
  await openKiosk();
  await at.kiosk.getByText(/Follow the light|light/i).first().waitFor();
  await shoot(at.kiosk, 'kiosk-resident');
  assert.deepEqual(await complaints(at.kiosk), []);
  const now = await view();
  const slot = now.parcels[0].slot;
  await until('the light leads there', async () => (await at.house.simState()).slots.find((s) => s.id === slot).light === 'here');
  const take = at.house.act({ do: 'take', slot });
  await seenAfter(take, at.kiosk.getByText(/✓/).first());
  await until('the guide is off', async () => (await at.house.simState()).slots.every((s) => s.light === 'off'));
  await shoot(at.kiosk, 'kiosk-taken');
  await at.house.act({ do: 'leave' });
  await idle();
  await at.house.box.wait('rebecca.patel', /picked up|collected/i);
});

it('who forgot something comes in again for a while, and is told that nothing else is here', async () => {
  await typePIN(mailedPIN(mail));
  await at.kiosk.getByText('Nothing of yours is on the shelves now.').first().waitFor();
  await until('the door is unlocked', async () => (await at.house.simState()).door.state === 'unlocked');
  await at.kiosk.getByRole('button', { name: "I'm done" }).click();
  await idle();
});

let others; // the slot of somebody else's package

it('a courier with a card and a hand scanner delivers by keys alone', async () => {
  await scan(courierCard('FedEx'));
  await at.kiosk.getByRole('heading', { name: 'Hold the label to the camera' }).waitFor();
  await scan('396161730490');
  await at.kiosk.getByText('FedEx 396161730490').waitFor();
  await tabTo(/^Name or unit$/);
  await typeSlowly('ingram');
  await at.kiosk.getByRole('button', { name: /Alexander Ingram/ }).waitFor();
  await tabTo(/Alexander Ingram/);
  await at.kiosk.keyboard.press('Enter');
  await at.kiosk.getByText('Waiting to be placed').waitFor();
  await tabTo(/^Open the door$/);
  await at.kiosk.keyboard.press('Enter');
  await until('the door is unlocked', async () => (await at.house.simState()).door.state === 'unlocked');
  await at.house.act({ do: 'enter' });
  others = (await view()).parcels.find((p) => p.name === 'Alexander Ingram').suggested;
  await at.house.act({ do: 'place', slot: others, size: 'L' });
  await at.kiosk.getByText(`✓ On ${others}`).first().waitFor();
  await at.house.act({ do: 'leave' });
  await idle();
});

it("somebody else's package is told at once, and putting it back settles it", async () => {
  const theirs = await at.house.box.wait('dmitri.vogel', /package is here/);
  await typeSlowly(mailedPIN(theirs)); // by keys, as the whole visit
  await at.kiosk.keyboard.press('Enter');
  await until('the door is unlocked', async () => (await at.house.simState()).door.state === 'unlocked');
  await at.house.act({ do: 'enter' });
  await at.house.act({ do: 'take', slot: others });
  await at.kiosk.getByRole('alertdialog').waitFor();
  await shoot(at.kiosk, 'kiosk-wrong-package');
  assert.deepEqual(await complaints(at.kiosk), []);
  await until('the light shows where it belongs', async () => (await at.house.simState()).slots.find((s) => s.id === others).light === 'suggest');
  await at.house.act({ do: 'place', slot: others });
  await at.kiosk.getByRole('alertdialog').waitFor({ state: 'detached', timeout: 20_000 });
  await at.house.act({ do: 'leave' });
  await idle();
});

it('the manager sees which carriers scanned what they brought', async () => {
  const signin = at.house.welcome().credentials.find((c) => c.who === 'manager').signin;
  await at.kiosk.goto(`${at.house.url}/manager/carriers`);
  await at.kiosk.getByLabel('E-mail address').fill('manager@example.com');
  await at.kiosk.getByLabel('Password').fill(/password (\S+)/.exec(signin)[1]);
  await at.kiosk.keyboard.press('Enter');
  await at.kiosk.getByRole('heading', { name: 'Carriers' }).waitFor();
  await at.kiosk.getByRole('row', { name: /^UPS 100 % 1 2 2 0 0 0/ }).waitFor(); // the third package was taken along again
  await at.kiosk.getByRole('row', { name: /^FedEx 100 % 1 1 1 0 0 0/ }).waitFor();
  await at.kiosk.getByLabel('Time').selectOption('range');
  await at.kiosk.getByLabel('To', { exact: true }).fill('2020-01-01T00:00');
  await at.kiosk.getByText('No deliveries in this time.').waitFor();
  await shoot(at.kiosk, 'manager-carriers');
});
