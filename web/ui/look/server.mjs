// Serves dist/ and a made-up API, with the headers of the real server.
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { desk } from './desk.mjs';
import { kiosks, neighbours, residents } from './room.mjs';

const dist = new URL('../dist/', import.meta.url).pathname;
const kinds = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.wasm': 'application/wasm' };
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; " +
  "media-src 'self' blob:; connect-src 'self'; font-src 'self'; frame-src 'self'; worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const box = (a, b) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240"><rect width="320" height="240" fill="#8b97a0"/>
<rect y="190" width="320" height="50" fill="#5d6870"/><rect x="70" y="60" width="170" height="132" fill="${a}"/><rect x="140" y="60" width="30" height="132" fill="${b}"/>
<rect x="90" y="90" width="44" height="60" fill="#f5f3ee"/></svg>`;
const pictures = { pic1: box('#b98a56', '#d8c29c'), pic2: box('#a8794a', '#c9d3da') };

const stream = (res, view) => {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  res.write(`event: view\ndata: ${JSON.stringify(view)}\n\n`);
};
const json = (res, status, body) => {
  res.writeHead(status, { 'Content-Type': 'application/json' });
  res.end(JSON.stringify(body));
};
const picture = (res, svg) => {
  res.writeHead(200, { 'Content-Type': 'image/svg+xml' });
  res.end(svg);
};

/** The people of a kiosk or a resident's page speak the browser's language. */
function spoken(view, language) {
  if (!view) return view;
  if ('language' in view) return { ...view, language };
  return { ...view, ...(view.visit && { visit: { ...view.visit, language } }) };
}

function kiosk(req, res, id, verb, ref, language) {
  const view = spoken(kiosks[id], language);
  if (verb === 'pictures') return picture(res, pictures[ref]);
  if (!view) return json(res, 403, { kind: 'forbidden', text: 'no' });
  if (verb === 'events') return stream(res, view);
  if (verb === 'residents') return json(res, 200, neighbours);
  if (verb === 'start') return json(res, 429, { kind: 'denied', text: 'denied', reason: 'throttled', retry_after_ms: 90_000 });
  if (verb === 'register') return json(res, 200, { warnings: ['already_scanned'] });
  return json(res, 200, req.method === 'GET' ? view : {});
}

const wrongLines = { kind: 'invalid', text: 'roster', more: 30, problems: [
  { line: 3, column: 'resident_id', text: '"T1" is already on line 2', code: 'roster_twice', values: { value: '"T1"', line: '2' } },
  { line: 14, column: 'email', text: '"a rather long thing that is none" is not an e-mail address', code: 'roster_email', values: { value: '"a rather long thing that is none"' } },
] };

const wrongKeys = { kind: 'invalid', text: 'credentials', problems: [
  { line: 4, column: 'pin', text: 'it is in use', code: 'credential_in_use' },
  { line: 9, column: 'hours', text: '"monday 7-19" is not like', code: 'enrol_hours', values: { value: '"monday 7-19"' } },
] };

/** Ten seconds of film, made once. */
let made;
const film = () => (made ??= execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'smptehdbars=s=640x360:r=5:d=10', '-c:v', 'libx264', '-preset', 'ultrafast',
  '-pix_fmt', 'yuv420p', '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4', 'pipe:1'], { maxBuffer: 1 << 24 }));

/** Footage: cam2 has none of the last two minutes. */
function footage(res, what, id, query) {
  if (what === 'still') return picture(res, pictures.pic1);
  if (what === 'footage') return json(res, 200, desk.footage);
  const [from, to] = [query.get('from'), query.get('to')];
  if (id === 'about') {
    const start = new Date(Date.parse(from) + 3000).toISOString();
    return json(res, 200, { camera: query.get('camera'), from, to, start, end: to, gaps: [{ from, to: start }], sha256: 'ab'.repeat(32), bytes: film().length });
  }
  res.writeHead(200, { 'Content-Type': 'video/mp4' });
  res.end(film());
}

function manager(req, res, [what, id, verb], signedIn, query) {
  if (req.method === 'GET' && ['clip', 'still', 'footage'].includes(what)) return footage(res, what, id, query);
  if (what === 'footage' && id === 'export') return json(res, 200, desk.exported);
  if (what === 'pictures') return picture(res, pictures[id]);
  if (what === 'cameras' && verb === 'snapshot') return picture(res, pictures.pic1);
  if (what === 'stream') return stream(res, desk.now);
  if (what === 'session' && !signedIn) return json(res, 200, { ...desk.session, manager: undefined, setup: signedIn === undefined, setup_code: true });
  if (what === 'residents' && id === 'import') return json(res, 422, wrongLines);
  if (what === 'credentials' && id === 'import') return json(res, 422, wrongKeys);
  if (what === 'kiosks' && req.method === 'POST') return json(res, 200, { url: 'https://packroom.example.com/kiosk/K1/enroll/4xw8Fq2', minutes: '15' });
  if (what === 'credentials' && req.method === 'POST') return json(res, 200, { secret: { pin: '48291375', qr: 'packroom:4xw8Fq2Zk1Lm9pQr' } });
  if (what === 'sign-in') return json(res, 403, { kind: 'forbidden', text: 'no', code: 'sign_in_wrong' });
  if (req.method !== 'GET') return json(res, 409, { kind: 'conflict', text: 'no', code: 'incident_closed' });
  if (what === 'residents' && id) return json(res, 200, desk.residents.find((r) => r.resident_id === id) ?? desk.residents[0]);
  if (verb === 'mail') {
    res.writeHead(200, { 'Content-Type': 'text/html', 'Content-Security-Policy': "default-src 'none'; frame-ancestors 'self'" });
    return res.end('<!doctype html><html lang="en"><title>mail</title><p>A package is here</p></html>');
  }
  return json(res, desk[what] ? 200 : 404, desk[what] ?? { kind: 'not_found', text: 'no' });
}

/** A cookie "who" says who sits at the desk: in, out, or first, who makes the first account. */
const signed = (req) => ({ in: true, out: false })[/who=(\w+)/.exec(req.headers.cookie ?? '')?.[1]];

export function serve() {
  const server = createServer(async (req, res) => {
    const url = new URL(req.url, 'http://x');
    const [, api, kind, id, verb, ref] = url.pathname.split('/');
    const language = /^es/.test(req.headers['accept-language'] ?? '') ? 'es' : 'en';
    res.setHeader('Content-Security-Policy', policy);
    req.resume();
    if (api === 'api' && kind === 'manager') return manager(req, res, [id, verb, ref], signed(req), url.searchParams);
    if (api === 'api' && kind === 'kiosk') return kiosk(req, res, id, verb, ref, language);
    if (api === 'api') {
      if (verb === 'pictures') return picture(res, pictures[ref]);
      const view = spoken(residents[id], language);
      if (!view) return json(res, 403, { kind: 'forbidden', text: 'no' });
      return verb === 'events' ? stream(res, view) : json(res, 200, view);
    }
    const page = { kiosk: 'kiosk.html', r: 'resident.html', manager: 'manager.html' }[api];
    const file = page ?? url.pathname;
    try {
      const body = await readFile(join(dist, file));
      res.writeHead(200, { 'Content-Type': kinds[extname(file)] ?? 'application/octet-stream' });
      res.end(body);
    } catch {
      json(res, 404, { kind: 'not_found', text: 'no such file' });
    }
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}
