// A whole packroom with ports and data of its own: embedded NATS, private
// PostgreSQL, simulated room, all services, a real SMTP server, and Chromium.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { launch } from './browser.mjs';
import { claimPorts } from './ports.mjs';

export const shots = process.env.E2E_SHOTS ?? '';

/** until polls a condition that tells its value when it holds. */
export async function until(what, is, ms = 20_000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const v = await is();
      if (v) return v;
    } catch (e) {
      last = e;
    }
    if (Date.now() > end) throw new Error(`not so after ${ms} ms: ${what}${last ? ` (${last.message})` : ''}`);
    await new Promise((ok) => setTimeout(ok, 25));
  }
}

/** Mails that a real SMTP server took, parsed. */
class Mailbox {
  mails = [];

  async start() {
    this.server = new SMTPServer({
      authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'],
      onData: (stream, _session, done) => {
        const at = Date.now();
        simpleParser(stream).then((m) => {
          this.mails.push({ at, to: m.to.text, subject: m.subject, text: m.text, html: m.html, attachments: m.attachments });
          done();
        }, done);
      },
    });
    await new Promise((ok) => this.server.listen(0, '127.0.0.1', ok));
    return this.server.server.address().port;
  }

  /** wait gives the mail to an address after a time that is of a kind. */
  wait(to, kind, after = 0, ms = 15_000) {
    return until(`mail "${kind}" to ${to}`, () => this.mails.find((m) => m.to.includes(to) && kind.test(m.subject) && m.at >= after), ms);
  }
}

/**
 * openHouse starts one. cameras are more than the simulated room's two: id, and
 * url, which nobody searches for packages.
 */
export async function openHouse({ binary, cameras = [] }) {
  const dir = mkdtempSync(join(tmpdir(), 'packroom-e2e-'));
  execFileSync('chmod', ['755', dir]); // PostgreSQL's user passes
  const [nats, up, room, vision, ocr, notify, web, sim, rtsp, ice] = await claimPorts(10);
  const more = cameras.length;
  const box = new Mailbox();
  const smtp = await box.start();
  const at = (p) => `127.0.0.1:${p}`;
  writeFileSync(join(dir, 'packroom.yml'), `
nats: {listen: "${at(nats)}"}
up: {listen: "${at(up)}"}
room: {listen: "${at(room)}", url: "http://${at(room)}"}
vision: {listen: "${at(vision)}", url: "http://${at(vision)}", ice_listen: "${at(ice)}"}
ocr: {listen: "${at(ocr)}"}
notify: {listen: "${at(notify)}"}
web: {listen: "${at(web)}", public_url: "http://localhost:${web}"}
sim: {listen: "${at(sim)}", url: "http://${at(sim)}", rtsp_listen: "${at(rtsp)}"}
smtp: {host: 127.0.0.1, port: ${smtp}, tls: none}
cameras:
  - {id: cam1, url: "rtsp://${at(rtsp)}/cam1", slots: sim/cam1.slots.json}
  - {id: cam2, url: "rtsp://${at(rtsp)}/cam2", slots: sim/cam2.slots.json}
${cameras.map((c) => `  - {id: ${c.id}, url: "${c.url}", substream: "${c.substream ?? ''}"}\n`).join('')}`);
  const data = join(dir, 'var');
  mkdirSync(data);
  let log = '';
  const child = spawn(binary, ['up', '--config', join(dir, 'packroom.yml'), '--data', data], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (b) => { log += b; });
  child.stderr.on('data', (b) => { log += b; });
  const ended = new Promise((ok) => child.once('exit', ok));
  const house = {
    dir, data, box, pid: child.pid, url: `http://localhost:${web}`, simURL: `http://${at(sim)}`, log: () => log,
    welcome: () => JSON.parse(readFileSync(join(data, 'welcome.json'), 'utf8')),
    status: async () => (await (await fetch(`http://${at(up)}/status`)).json()),
    async act(action) {
      const r = await fetch(`http://${at(sim)}/act`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(action) });
      const body = await r.text();
      if (!r.ok) throw new Error(`${JSON.stringify(action)}: ${r.status} ${body}`);
      return JSON.parse(body);
    },
    async simState() {
      return (await (await fetch(`http://${at(sim)}/state`)).json());
    },
    async close() {
      child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
      const code = await ended;
      clearTimeout(timer);
      await new Promise((ok) => box.server.close(ok));
      if (!process.env.E2E_KEEP) rmSync(dir, { recursive: true, force: true });
      return code;
    },
  };
  try {
    await until('everything is up', () => /Ctrl-C stops/.test(log), 120_000);
    await until('the cameras are watched', async () => {
      const cams = await (await fetch(`http://${at(vision)}/healthz`)).json();
      return cams.ok;
    }, 60_000);
    await until('the room knows it', async () => {
      const { cameras } = await (await fetch(`${house.url}/api/kiosk/K1`)).json();
      return cameras.length === 2 + more && cameras.every((c) => c.ok);
    }, 60_000);
  } catch (e) {
    await house.close();
    throw new Error(`${e.message}\n${log}`);
  }
  return house;
}

/** Chromium whose camera sees a label. A new picture file needs a new browser. */
export async function openBrowser(house, photo) {
  if (!photo) return launch();
  const film = join(house.dir, 'camera.mjpeg');
  execFileSync('ffmpeg', ['-y', '-loglevel', 'error', '-loop', '1', '-i', photo, '-vf', 'scale=1920:1080:force_original_aspect_ratio=decrease,pad=1920:1080:-1:-1',
    '-t', '2', '-r', '5', '-q:v', '2', '-pix_fmt', 'yuvj420p', '-f', 'mjpeg', film]);
  return launch(film);
}

/** shoot keeps a picture of a page where E2E_SHOTS names a folder. */
export async function shoot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

const axeSource = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** complaints runs axe over a page and gives what it finds, in words. */
export async function complaints(page) {
  await page.evaluate(axeSource); // not a script element: the page's policy forbids those
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return result.violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target.join(' ')).join('; ')})`);
}
