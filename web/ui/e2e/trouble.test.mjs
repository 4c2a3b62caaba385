// What goes wrong in a building: the answer is clear, and nothing is lost.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before } from 'node:test';
import { join } from 'node:path';
import { openBrowser, openHouse, shoot, until } from './house.mjs';
import { at, courierPIN, idle, it, mailedPIN, openKiosk, typePIN, view } from './steps.mjs';

const binary = process.env.PACKROOM ?? new URL('../../../bin/packroom', import.meta.url).pathname;

before(async () => {
  at.house = await openHouse({ binary });
  at.browser = await openBrowser(at.house);
  await openKiosk({ width: 1280, height: 800 });
}, { timeout: 240_000 });

after(async () => {
  await at.browser?.close();
  assert.equal(await at.house?.close(), 0, 'packroom up ended in good order');
});

/** The processes of one service, with all below it. */
async function pids(service) {
  const { pid } = (await at.house.status()).find((s) => s.name === service);
  const below = (p) => execFileSync('sh', ['-c', `ps -o pid= --ppid ${p} || true`]).toString().split(/\s+/).filter(Boolean).map(Number);
  return [pid, ...below(pid)];
}

/** freeze stops a service as if its machine hung, for as long as work takes. */
async function freeze(service, work) {
  const all = await pids(service);
  for (const p of all) process.kill(p, 'SIGSTOP');
  try {
    await work();
  } finally {
    for (const p of all) process.kill(p, 'SIGCONT');
  }
}

/** managersView is the whole room, as a manager's page is told. */
async function managersView() {
  const [, email, password] = /(\S+), password (\S+)/.exec(at.house.welcome().credentials.find((c) => c.who === 'manager').signin);
  const { request } = at.kiosk.context();
  const headers = { 'X-Packroom': '1', Origin: at.house.url };
  assert.ok((await request.post(`${at.house.url}/api/manager/sign-in`, { headers, data: { email, password } })).ok());
  return (await request.get(`${at.house.url}/api/manager/now`)).json();
}

const show = (file) => at.kiosk.locator('input[type=file]').setInputFiles(join(at.house.data, 'demo', file));
const door = async () => (await at.house.simState()).door.state;

it('with the database away nobody gets in, the kiosk says so, and it recovers by itself', async () => {
  await freeze('postgres', async () => {
    await typePIN(courierPIN('UPS'));
    await at.kiosk.getByText(/cannot answer just now/).first().waitFor({ timeout: 30_000 });
    assert.equal(await door(), 'locked');
    await shoot(at.kiosk, 'trouble-database');
  });
  await until('a PIN works again', async () => {
    if ((await view()).visit) return true;
    await typePIN(courierPIN('UPS')).catch(() => {});
    return false;
  }, 40_000);
  await at.kiosk.getByRole('button', { name: 'Choose a picture' }).first().waitFor();
});

it('the web service dies between a label and its confirmation, and the courier goes on', async () => {
  await show('alexander-ingram-3d.jpg');
  const person = at.kiosk.getByRole('button', { name: /Alexander Ingram/ }).first();
  await person.waitFor({ timeout: 30_000 });
  const [web] = await pids('web');
  process.kill(web, 'SIGKILL');
  await until('the web service is back', async () => {
    const s = (await at.house.status()).find((x) => x.name === 'web');
    return s.pid !== web && s.state === 'running';
  }, 30_000);
  await person.click();
  await at.kiosk.getByText('Waiting to be placed').waitFor();
  const [p] = (await view()).parcels;
  assert.equal(p.name, 'Alexander Ingram');
  assert.ok(p.label_photo, 'the photograph is with the package');
  await at.kiosk.getByRole('button', { name: 'Undo scan' }).click();
  await at.kiosk.getByText('Waiting to be placed').waitFor({ state: 'detached' });
  await at.kiosk.getByRole('button', { name: 'Next label' }).click();
});

it('with the label reader away the photograph is kept and the resident is found by hand', async () => {
  await freeze('ocr', async () => {
    await show('dmitri-vogel-708.jpg');
    await at.kiosk.getByRole('searchbox').waitFor({ timeout: 40_000 });
    await at.kiosk.getByRole('searchbox').fill('vogel');
    await at.kiosk.getByRole('button', { name: /Dmitri Vogel/ }).click();
    await at.kiosk.getByText('Waiting to be placed').waitFor();
  });
  const [p] = (await view()).parcels;
  assert.ok(p.label_photo, 'the photograph is with the package');
  await shoot(at.kiosk, 'trouble-reader');
});

it('with a camera away it is shown, and the courier says where the package lies', async () => {
  await at.house.act({ do: 'camera', camera: 'cam1', state: 'off' });
  await at.house.act({ do: 'camera', camera: 'cam2', state: 'off' });
  await until('both cameras are known to be away', async () => (await view()).cameras.filter((c) => !c.ok).length === 2, 30_000);
  await at.kiosk.getByRole('button', { name: 'Open the door' }).click();
  await until('the door is unlocked', async () => (await door()) === 'unlocked');
  await at.house.act({ do: 'enter' });
  await at.house.act({ do: 'place', slot: 'C3', size: 'M' });
  await at.kiosk.getByRole('button', { name: /I put it/ }).first().click();
  await shoot(at.kiosk, 'trouble-camera');
  await at.kiosk.getByRole('dialog').getByRole('button', { name: /C3/ }).click();
  await at.kiosk.getByText('✓ On C3').first().waitFor();
  const mail = await at.house.box.wait('dmitri.vogel', /package is here/);
  assert.match(mailedPIN(mail), /^\d{8}$/);
  await at.house.act({ do: 'leave' });
  await idle();
});

it('when the cameras are back the package is not taken for a new one', async () => {
  await at.house.act({ do: 'camera', camera: 'cam1', state: 'on' });
  await at.house.act({ do: 'camera', camera: 'cam2', state: 'on' });
  await until('both cameras are back', async () => (await view()).cameras.every((c) => c.ok), 60_000);
  const now = await until('the cameras have seen what lies there', async () => {
    const v = await managersView();
    return v.parcels.every((p) => p.item_key) && v;
  }, 60_000);
  assert.deepEqual(now.parcels.map((p) => [p.name, p.slot, p.state]), [['Dmitri Vogel', 'C3', 'stored']]);
});

it('five wrong PINs make the kiosk wait, and a restart does not end the wait', async () => {
  for (let i = 0; i < 5; i++) {
    const answered = at.kiosk.waitForResponse((r) => r.url().endsWith('/start'));
    await typePIN(`11223${i}`);
    await answered;
    await until('the field is empty again', async () => (await at.kiosk.locator('.dot.full').count()) === 0);
  }
  await at.kiosk.getByText(/Please wait/).waitFor();
  await shoot(at.kiosk, 'trouble-wait');
  const [room] = await pids('room');
  process.kill(room, 'SIGKILL');
  await until('the room service is back', async () => {
    const s = (await at.house.status()).find((x) => x.name === 'room');
    return s.pid !== room && s.state === 'running';
  }, 30_000);
  const answer = await until('the room answers', async () => {
    const r = await fetch(`${at.house.url}/api/kiosk/K1/start`, {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Packroom': '1', Origin: at.house.url },
      body: JSON.stringify({ form: 'pin', secret: courierPIN('UPS') }),
    });
    return r.status !== 503 && (await r.json());
  });
  assert.equal(answer.reason, 'throttled', `even the right PIN waits: ${JSON.stringify(answer)}`);
});

it('the event log of all this verifies', () => {
  const out = execFileSync(binary, ['audit', 'verify', '--config', join(at.house.dir, 'packroom.yml'), '--data', at.house.data]).toString();
  assert.match(out, /\d+ events/);
});
