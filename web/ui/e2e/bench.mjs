// What "make bench" measures of the whole house: how long its users wait, and
// what each process costs with two cameras running. BENCH_MINUTES (10) is how
// long processes are watched, BENCH_ROUNDS (8) how many deliveries and pickups
// are timed.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { firstFrames } from './firstframe.mjs';
import { openHouse, until } from './house.mjs';

const rounds = Number(process.env.BENCH_ROUNDS ?? 8);
const minutes = Number(process.env.BENCH_MINUTES ?? 10);
const binary = process.env.PACKROOM ?? new URL('../../../bin/packroom', import.meta.url).pathname;
const ticks = Number(execFileSync('getconf', ['CLK_TCK']));

const house = await openHouse({ binary });
const kiosk = `${house.url}/api/kiosk/K1`;

async function call(path, body, type = 'application/json') {
  const r = await fetch(kiosk + path, {
    method: body === undefined ? 'GET' : 'POST', body: type === 'application/json' && body !== undefined ? JSON.stringify(body) : body,
    headers: { 'Content-Type': type, 'X-Packroom': '1', Origin: house.url },
  });
  const text = await r.text();
  if (!r.ok) throw new Error(`${path}: ${r.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** views follows the kiosk as its page does, and remembers when each view came. */
const views = [];
const stream = new AbortController();
(async () => {
  const r = await fetch(`${kiosk}/events`, { signal: stream.signal });
  let rest = '';
  for await (const chunk of r.body.pipeThrough(new TextDecoderStream())) {
    rest += chunk;
    const parts = rest.split('\n\n');
    rest = parts.pop();
    for (const p of parts) {
      const data = p.split('\n').find((l) => l.startsWith('data: '));
      const said = data && JSON.parse(data.slice(6));
      if (said?.parcels) views.push({ at: Date.now(), view: said }); // the stream says other things too
    }
  }
})().catch((e) => { if (e.name !== 'AbortError') throw e; });

const seen = (what, is) => until(what, () => views.find((v) => is(v.view)), 30_000);
const over = () => until('the visit is over', async () => !(await call('')).visit, 60_000);

/** The processes of a service: its own and all below it. */
function tree(pid, all) {
  return [pid, ...all.filter((p) => p.parent === pid).flatMap((p) => tree(p.pid, all))];
}

function processes() {
  return readdirSync('/proc').filter((d) => /^\d+$/.test(d)).flatMap((d) => {
    try {
      const stat = readFileSync(`/proc/${d}/stat`, 'utf8');
      const f = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${d}/smaps_rollup`, 'utf8'));
      return [{ pid: Number(d), parent: Number(f[1]), cpu: (Number(f[11]) + Number(f[12])) / ticks, mb: pss ? Number(pss[1]) / 1024 : 0 }];
    } catch {
      return []; // gone meanwhile
    }
  });
}

async function usage() {
  const all = processes();
  const named = (await house.status()).filter((s) => s.pid && s.pid !== house.pid); // NATS runs inside up
  const rows = named.map((s) => [s.name, tree(s.pid, all)]);
  const inside = new Set(rows.flatMap(([, pids]) => pids));
  rows.push(['up + NATS', tree(house.pid, all).filter((p) => !inside.has(p))]);
  return new Map(rows.map(([name, pids]) => {
    const mine = all.filter((p) => pids.includes(p.pid));
    return [name, { cpu: mine.reduce((s, p) => s + p.cpu, 0), mb: mine.reduce((s, p) => s + p.mb, 0) }];
  }));
}

const times = { label: [], unlock: [], kiosk: [], off: [], seen: [], mail: [], taken: [] };
const welcome = house.welcome().credentials;
const pin = /PIN (\d+)/.exec(welcome.find((c) => c.who === 'courier, UPS').signin)[1];
const labels = readdirSync(join(house.data, 'demo')).sort().map((f) => readFileSync(join(house.data, 'demo', f)));
const begun = Date.now();
const before = await usage();

for (let i = 0; i < rounds; i++) {
  await call('/start', { form: 'pin', secret: pin });
  let t = performance.now();
  const { picture, reading } = await call('/label', labels[i % labels.length], 'image/jpeg');
  times.label.push(performance.now() - t);
  const who = reading.candidates[0];
  await call('/register', { resident: who.resident_id, carrier: reading.carrier, tracking: `BENCH${i}`, label_photo: picture });
  const mine = (v) => v.parcels.find((p) => p.tracking === `BENCH${i}`);
  const { suggested } = mine(await call(''));
  await call('/open', {});
  await house.act({ do: 'enter' });
  const first = house.box.mails.length;
  const { at } = await house.act({ do: 'place', slot: suggested, size: ['S', 'M', 'L'][i % 3] });
  const off = Date.now();
  const shown = await seen('the placement on the kiosk', (v) => mine(v)?.state === 'stored');
  times.kiosk.push(shown.at - Date.parse(at));
  times.off.push(Math.max(0, shown.at - off));
  const mail = await until('the mail', () => house.box.mails.slice(first).find((m) => /PIN/.test(m.text)), 30_000);
  times.mail.push(mail.at - Date.parse(mine(shown.view).stored));
  times.seen.push(mail.at - Date.parse(at));
  await house.act({ do: 'leave' });
  await over();

  const secret = /PIN: ?(\d{4}) ?(\d{4})/.exec(mail.text).slice(1).join('');
  t = performance.now();
  await call('/start', { form: 'pin', secret });
  times.unlock.push(performance.now() - t);
  await house.act({ do: 'enter' });
  const taken = await house.act({ do: 'take', slot: suggested });
  const noticed = await seen('the removal on the kiosk', (v) => v.visit?.collected?.includes(mine(shown.view).id));
  times.taken.push(noticed.at - Date.parse(taken.at));
  await house.act({ do: 'leave' });
  await over();
}

times.live = await firstFrames(house, 'cam1', rounds);

const rest = minutes * 60_000 - (Date.now() - begun);
if (rest > 0) await new Promise((ok) => setTimeout(ok, rest));
const spent = (Date.now() - begun) / 1000;
const after = await usage();

const at = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];
const ms = (x) => `${x.toFixed(0)} ms`.padStart(9);
const row = (name, list) => console.log(`${name.padEnd(52)}${ms(at(list, 0.5))}${ms(at(list, 0.95))}   n=${list.length}`);
console.log(`\n${cpus()[0].model.trim()}, ${cpus().length} cores\n`);
console.log(`${''.padEnd(52)}${'p50'.padStart(9)}${'p95'.padStart(9)}`);
row('label photograph -> candidates', times.label);
row("PIN entered -> the strike's answer to its unlock", times.unlock);
row('parcel at rest -> placement on the kiosk', times.kiosk);
row('hand off the parcel -> placement on the kiosk', times.off);
row('placement -> message taken by the SMTP server', times.mail);
row('parcel at rest -> message taken by the SMTP server', times.seen);
row('parcel off its shelf -> removal on the kiosk', times.taken);
row('live picture asked for -> first frame in Chromium', times.live);
console.log(`\n${`over ${(spent / 60).toFixed(1)} minutes, two cameras`.padEnd(52)}${'% core'.padStart(9)}${'MB'.padStart(9)}`);
for (const [name, u] of after) {
  const b = before.get(name) ?? { cpu: 0 };
  console.log(`${name.padEnd(52)}${((100 * (u.cpu - b.cpu)) / spent).toFixed(1).padStart(9)}${u.mb.toFixed(0).padStart(9)}`);
}
stream.abort();
await house.close();
