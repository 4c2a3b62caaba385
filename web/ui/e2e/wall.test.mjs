// The manager's wall: sixteen cameras at once, one of them large, by mouse and by
// keyboard, and what is shown while a camera is away.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before } from 'node:test';
import { join } from 'node:path';
import { complaints, openBrowser, openHouse, shoot, until } from './house.mjs';
import { at, it } from './steps.mjs';

const binary = process.env.PACKROOM ?? new URL('../../../bin/packroom', import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), 'packroom-wall-'));
const film = join(dir, 'film.mp4');
const more = Array.from({ length: 14 }, (_, i) => ({ id: `cam${i + 3}`, url: `file://${film}` }));
const faults = [];
let desk;

before(async () => {
  execFileSync('chmod', ['755', dir]);
  execFileSync('ffmpeg', ['-loglevel', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=10:d=20', '-c:v', 'libx264', '-preset', 'veryfast',
    '-bf', '0', '-g', '10', '-pix_fmt', 'yuv420p', film]);
  more[0].substream = `file://${film}`;
  at.house = await openHouse({ binary, cameras: more });
  at.browser = await openBrowser(at.house);
  const context = await at.browser.newContext({ locale: 'en-US', reducedMotion: 'reduce', viewport: { width: 1440, height: 900 }, acceptDownloads: true });
  desk = at.kiosk = await context.newPage();
  desk.setDefaultTimeout(30_000);
  desk.on('pageerror', (e) => faults.push(e.stack));
  const signin = at.house.welcome().credentials.find((c) => c.who === 'manager').signin;
  await desk.goto(`${at.house.url}/manager`);
  await desk.getByLabel('E-mail address').fill('manager@example.com');
  await desk.getByLabel('Password').fill(/password (\S+)/.exec(signin)[1]);
  await desk.keyboard.press('Enter');
  await desk.getByRole('heading', { name: 'Now', exact: true }).waitFor();
}, { timeout: 300_000 });

after(async () => {
  await at.browser?.close();
  assert.equal(await at.house?.close(), 0, 'packroom up ended in good order');
  rmSync(dir, { recursive: true, force: true });
  assert.deepEqual(faults, [], 'no script failed');
});

const view = (camera) => desk.locator(`live-view[camera=${camera}]`);

/** look gives a small copy of what a video shows, as numbers. */
const look = (camera) => view(camera).locator('video').evaluate((v) => {
  const g = Object.assign(document.createElement('canvas'), { width: 32, height: 18 }).getContext('2d');
  g.drawImage(v, 0, 0, 32, 18);
  return { time: v.currentTime, pixels: [...g.getImageData(0, 0, 32, 18).data] };
});

it('sixteen cameras are live at once', async () => {
  await desk.getByRole('navigation').getByRole('link', { name: 'Cameras' }).click();
  await desk.getByRole('heading', { name: 'Cameras', exact: true }).waitFor();
  await until('sixteen live pictures', async () => (await desk.locator('live-view[state=live]').count()) === 16, 90_000);
  await shoot(desk, 'wall');
  assert.deepEqual(await complaints(desk), []);
});

it('frames read back differ, and time goes on, on every one', async () => {
  for (const camera of ['cam1', ...more.map((c) => c.id)]) {
    const first = await look(camera);
    assert.ok(first.pixels.some((p, i) => i % 4 < 3 && p > 60), `${camera} is not black`);
    await until(`${camera} goes on`, async () => {
      const now = await look(camera);
      const differ = now.pixels.some((p, i) => Math.abs(p - first.pixels[i]) > 12);
      return now.time > first.time + 0.3 && (differ || camera === 'cam1'); // nobody moves in the simulated room
    }, 30_000);
  }
});

it('by keyboard one is opened, saved, and left', async () => {
  const tile = (camera) => desk.getByRole('button', { name: `Show large ${camera}`, exact: true });
  await tile('cam1').focus();
  await desk.keyboard.press('ArrowRight');
  await desk.keyboard.press('ArrowDown');
  await until('the tile below has focus', () => tile('cam6').evaluate((b) => b === document.activeElement).catch(() => false));
  await desk.keyboard.press('ArrowUp');
  await desk.keyboard.press('ArrowLeft');
  await desk.keyboard.press('Enter');
  await desk.getByRole('heading', { name: 'cam1', exact: true }).waitFor();
  await until('its own stream', () => view('cam1').locator('video').evaluate((v) => v.videoWidth === 1280 && v.currentTime > 0.2));
  await until('and no other', async () => (await desk.locator('live-view').count()) === 1);
  await shoot(desk, 'wall-one');
  assert.deepEqual(await complaints(desk), []);
  await desk.getByRole('button', { name: 'Save picture cam1', exact: true }).focus();
  const saved = desk.waitForEvent('download');
  await desk.keyboard.press('s');
  const file = await (await saved).path();
  const size = execFileSync('ffprobe', ['-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', '-f', 'image2pipe', '-'], { input: readFileSync(file) });
  assert.equal(String(size).trim(), '1280,720');
  await desk.keyboard.press('f');
  await until('it fills the screen', () => desk.evaluate(() => document.fullscreenElement?.matches('live-view[camera=cam1]')));
  await desk.keyboard.press('f');
  await until('and no longer', () => desk.evaluate(() => !document.fullscreenElement));
  await desk.keyboard.press('ArrowRight');
  await desk.getByRole('heading', { name: 'cam2', exact: true }).waitFor();
  await desk.keyboard.press('Escape');
  await until('all again', async () => (await desk.locator('live-view').count()) === 16);
});

it('a camera that is away is waited for with its reason, in the same session', async () => {
  await desk.goto(`${at.house.url}/manager/cameras?camera=cam5`);
  await until('live', async () => (await view('cam5').getAttribute('state')) === 'live');
  let sessions = 0;
  desk.on('request', (r) => { if (r.method() === 'POST' && r.url().includes('/live/')) sessions++; });
  renameSync(film, `${film}.away`);
  for (const pid of execFileSync('pgrep', ['-f', `^ffmpeg.*${film}`]).toString().trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
  await until('it says that nothing comes', async () => (await view('cam5').getAttribute('state')) === 'waiting', 30_000);
  await desk.getByText(/No such file/).first().waitFor();
  await shoot(desk, 'wall-away');
  renameSync(`${film}.away`, film);
  await until('live again', async () => (await view('cam5').getAttribute('state')) === 'live', 60_000);
  assert.equal(sessions, 0, 'the session is the one from before');
});
