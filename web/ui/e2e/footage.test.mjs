// What cameras recorded: a clip in one click from the log, the timeline, faces
// that are covered, what a supervisor may see, and an export that proves itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { join } from 'node:path';
import { complaints, openBrowser, openHouse, shoot, until } from './house.mjs';
import { at, it } from './steps.mjs';

const binary = process.env.PACKROOM ?? new URL('../../../bin/packroom', import.meta.url).pathname;
const slow = 90_000; // faces are covered by a CPU that others use too
let desk;
const faults = [];

before(async () => {
  at.house = await openHouse({ binary });
  at.browser = await openBrowser(at.house);
  desk = at.kiosk = await openPage();
}, { timeout: 240_000 });

after(async () => {
  await at.browser?.close();
  assert.equal(await at.house?.close(), 0, 'packroom up ended in good order');
  assert.deepEqual(faults, [], 'no script failed');
});

async function openPage() {
  const context = await at.browser.newContext({ locale: 'en-US', reducedMotion: 'reduce', viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (e) => faults.push(e.stack));
  return page;
}

async function signIn(page, email, password) {
  await page.goto(`${at.house.url}/manager`);
  await page.locator('[name=email]').fill(email);
  await page.locator('[name=password]').fill(password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Now', exact: true }).waitFor();
}

const button = (name, where = desk) => where.getByRole('button', { name });
const go = (name, page = desk) => page.getByRole('navigation').getByRole('link', { name }).click();
const playing = (page) => page.locator('video').evaluate((v) => v.videoWidth > 300 && v.currentTime > 0.3);

async function ask(path, page = desk) {
  const r = await page.request.get(`${at.house.url}/api/manager/${path}`);
  assert.ok(r.ok(), `${path}: ${r.status()} ${await r.text()}`);
  return r.json();
}

async function post(path, data, page = desk) {
  const headers = { 'X-Packroom': '1', Origin: at.house.url };
  return page.request.post(`${at.house.url}/api/manager/${path}`, { data, headers });
}

it('a manager opens the door, and the footage around it is kept, with its checksum in the log', async () => {
  await signIn(desk, 'manager@example.com', /password (\S+)/.exec(at.house.welcome().credentials.find((c) => c.who === 'manager').signin)[1]);
  assert.ok((await post('unlock', { reason: 'the timeline is tried' })).ok());
  await at.house.act({ do: 'enter', person: 'ann' });
  await at.house.act({ do: 'leave', person: 'ann' });
  const saved = await until('the clip is in the log', async () => (await ask('events?kind=clip.saved.v1')).find((e) => e.data.sha256), slow);
  assert.match(saved.data.sha256, /^[0-9a-f]{64}$/);
  assert.ok(saved.data.events.length >= 1);
  const clips = await ask(`events/${saved.data.events[0]}/clips`);
  assert.equal(clips.find((c) => c.id === saved.data.id)?.sha256, saved.data.sha256);
});

it('a clip opens in one click from the log, with faces covered', async () => {
  await go('Event log');
  await desk.locator('.event', { hasText: 'the timeline is tried' }).first().getByRole('button', { name: /^Clip/ }).click();
  await until('it plays', () => playing(desk), slow);
  assert.deepEqual(await complaints(desk), []);
  await shoot(desk, 'footage-clip');
  assert.deepEqual(await ask('events?kind=clip.viewed.v1'), [], 'nobody saw a face');
  await desk.getByRole('link', { name: 'Open in the timeline' }).click();
});

it('the timeline is worked by keys alone and plays from any instant', async () => {
  await desk.getByRole('heading', { name: 'Timeline', exact: true }).waitFor();
  await desk.locator('.track .footage').first().waitFor();
  await until('it plays', () => playing(desk), slow);
  const lanes = desk.getByRole('slider', { name: 'Moment' });
  const value = async () => ({ now: Number(await lanes.getAttribute('aria-valuenow')), span: Number(await lanes.getAttribute('aria-valuemax')) - Number(await lanes.getAttribute('aria-valuemin')) });
  await button('Close').click();
  await lanes.focus();
  const first = await value();
  await desk.keyboard.press('+');
  await until('it shows less', async () => (await value()).span < first.span);
  for (const _ of Array(20)) await desk.keyboard.press('-');
  await until('it shows a day', async () => (await value()).span >= 86_400);
  for (const _ of Array(20)) await desk.keyboard.press('+');
  await until('it shows seconds', async () => (await value()).span <= 10);
  await desk.keyboard.press('PageUp');
  await until('it is at an event', async () => (await value()).now <= first.now + 1);
  await desk.keyboard.press('Enter');
  await until('it plays', () => playing(desk), slow);
  assert.deepEqual(await complaints(desk), []);
  await shoot(desk, 'footage-timeline');
});

it('a picture of the moment is shown under the pointer', async () => {
  const lanes = desk.getByRole('slider', { name: 'Moment' });
  for (const _ of Array(4)) await button('Show more time').click();
  await lanes.scrollIntoViewIfNeeded();
  const lane = await desk.locator('.lane').nth(1).locator('.track').boundingBox();
  await desk.mouse.move(lane.x + lane.width / 2, lane.y + lane.height / 2);
  await until('the picture', () => desk.locator('.glance img').evaluate((i) => i.naturalWidth === 240), slow);
  await shoot(desk, 'footage-glance');
});

it('faces are seen after the log has it, and not by who is no supervisor', async () => {
  await button('See faces').click();
  await desk.getByText('Faces shown').waitFor();
  await until('it plays', () => playing(desk), slow);
  const viewed = await ask('events?kind=clip.viewed.v1');
  assert.ok(viewed.length >= 1 && viewed[0].by === 'manager@example.com' && viewed[0].camera, JSON.stringify(viewed));

  assert.ok((await post('accounts', { email: 'bo@example.com', name: 'Bo', password: 'four walls and a shelf', role: 'manager' })).ok());
  const other = await openPage();
  await signIn(other, 'bo@example.com', 'four walls and a shelf');
  await go('Timeline', other);
  await button(/^Play/, other).click();
  await button('Export…', other).waitFor();
  assert.equal(await button('See faces', other).count() + await button(/^Hold$/, other).count(), 0);
  const { camera, time } = viewed[0];
  const from = new Date(Date.parse(time) - 10_000).toISOString();
  assert.equal((await post('footage/view', { camera, from, to: time }, other)).status(), 403);
  assert.equal((await post('footage/export', { camera, from, to: time, plain: true }, other)).status(), 403);
  await other.context().close();
});

it('an export has a certificate that the file and the log agree with', async () => {
  await button('Export…').click();
  const dialog = desk.getByRole('dialog');
  await button('Export', dialog).click();
  await dialog.getByText(/entry \d+ of the event log/).waitFor({ timeout: slow });
  assert.deepEqual(await complaints(desk), []);
  await shoot(desk, 'footage-export');
  const file = await dialog.getByRole('link', { name: 'Save the file' }).getAttribute('href');
  const [saved] = await Promise.all([desk.waitForEvent('download'), dialog.getByRole('link', { name: 'Save the certificate' }).click()]);
  const paper = await saved.path();
  const certificate = JSON.parse(readFileSync(paper, 'utf8'));
  const bytes = await (await desk.request.get(`${at.house.url}${file}`)).body();
  assert.equal(createHash('sha256').update(bytes).digest('hex'), certificate.footage.sha256);
  const [row] = await ask('events?kind=clip.exported.v1');
  assert.equal(row.seq, certificate.entry.seq);
  assert.equal(row.hash, certificate.entry.hash);
  assert.equal(row.data.sha256, certificate.footage.sha256);
  await button('Close', dialog).click();
  const film = join(at.house.dir, 'export.mp4');
  writeFileSync(film, bytes);
  const audit = () => execFileSync(binary, ['audit', 'footage', '--config', join(at.house.dir, 'packroom.yml'), '--data', at.house.data, paper, film], { encoding: 'utf8', stdio: 'pipe' });
  assert.match(audit(), /the log is whole/);
  writeFileSync(film, Buffer.concat([bytes, Buffer.from('x')]));
  assert.throws(audit, /FAULT: the file has the checksum/);
});

it('a hold is placed, shown and lifted', async () => {
  await button(/^Hold$/).click();
  await desk.getByLabel('Reason').fill('the police asked for it');
  await desk.keyboard.press('Enter');
  await desk.getByRole('dialog').waitFor({ state: 'detached' });
  await button('Lift the hold').waitFor({ timeout: slow });
  await button('Lift the hold').click();
  await desk.getByLabel('Reason').fill('settled');
  await desk.keyboard.press('Enter');
  await desk.getByRole('dialog').waitFor({ state: 'detached' });
  await button(/^Hold$/).waitFor({ timeout: slow });
  const held = await ask('events?kind=clip.held.v1,clip.released.v1');
  assert.deepEqual(held.map((e) => e.kind), ['clip.released.v1', 'clip.held.v1']);
});

it('the event log of all this verifies', () => {
  const out = execFileSync(binary, ['audit', 'verify', '--config', join(at.house.dir, 'packroom.yml'), '--data', at.house.data]).toString();
  assert.match(out, /\d+ events, all whole/);
});
