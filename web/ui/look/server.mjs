// Serves dist/ and a made-up API, with the headers of the real server.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { kiosks, neighbours, residents } from './room.mjs';

const dist = new URL('../dist/', import.meta.url).pathname;
const kinds = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.woff2': 'font/woff2', '.wasm': 'application/wasm' };
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; " +
  "media-src 'self' blob:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

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

export function serve() {
  const server = createServer(async (req, res) => {
    const url = new URL(req.url, 'http://x');
    const [, api, kind, id, verb, ref] = url.pathname.split('/');
    res.setHeader('Content-Security-Policy', policy);
    if (api === 'api') {
      const view = kind === 'kiosk' ? kiosks[id] : residents[id];
      if (verb === 'pictures') {
        res.writeHead(200, { 'Content-Type': 'image/svg+xml' });
        return res.end(pictures[ref]);
      }
      if (!view) return json(res, 403, { kind: 'forbidden', text: 'no' });
      if (verb === 'events') return stream(res, view);
      if (verb === 'residents') return json(res, 200, neighbours);
      if (verb === 'start') return json(res, 429, { kind: 'denied', text: 'denied', reason: 'throttled', retry_after_ms: 90_000 });
      return json(res, 200, req.method === 'GET' ? view : {});
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
