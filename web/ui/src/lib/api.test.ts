import { afterEach, describe, expect, it, vi } from 'vitest';
import { Failure, kioskApi, managerApi } from './api';

const answer = (status: number, body: unknown) =>
  vi.stubGlobal('fetch', vi.fn(async () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status })));
const asked = () => vi.mocked(fetch).mock.calls[0]!;
const failing = (p: Promise<unknown>) => p.then(() => { throw new Error('it succeeded'); }, (e: unknown) => e as Failure);

afterEach(() => vi.unstubAllGlobals());

describe('requests', () => {
  it('carry the header that other sites cannot send', async () => {
    answer(200, {});
    await kioskApi('K 1').start('pin', '482913');
    const [path, init] = asked();
    expect(path).toBe('/api/kiosk/K%201/start');
    expect(init).toMatchObject({ method: 'POST', body: '{"form":"pin","secret":"482913"}', credentials: 'same-origin' });
    expect(init!.headers).toMatchObject({ 'X-Packroom': '1', 'Content-Type': 'application/json' });
  });
  it('send a photograph as it is', async () => {
    answer(200, {});
    const photo = new Blob(['x'], { type: 'image/jpeg' });
    await kioskApi('K1').label('v1', [photo]);
    expect(asked()[0]).toBe('/api/kiosk/K1/label?visit=v1');
    expect(asked()[1]).toMatchObject({ body: photo, headers: { 'Content-Type': 'image/jpeg' } });
  });
  it('send several photographs of one label as a form, in order', async () => {
    answer(200, {});
    await kioskApi('K1').label('v1', ['a', 'b'].map((c) => new Blob([c], { type: 'image/jpeg' })));
    const { body, headers } = asked()[1]!;
    expect(await Promise.all((body as FormData).getAll('photo').map((f) => (f as File).text()))).toEqual(['a', 'b']);
    expect(headers).not.toHaveProperty('Content-Type'); // the browser's, with the boundary
  });
  it('leave empty filters out', async () => {
    answer(200, []);
    await managerApi.events({ q: '', carrier: 'UPS', limit: 20 });
    expect(asked()[0]).toBe('/api/manager/events?carrier=UPS&limit=20');
  });
});

describe('failures', () => {
  it('keep kind, reason and wait', async () => {
    answer(429, { kind: 'denied', text: 'denied: throttled', reason: 'throttled', retry_after_ms: 30000 });
    expect(await failing(kioskApi('K1').start('pin', '1'))).toMatchObject({ kind: 'denied', reason: 'throttled', retryAfterMs: 30000, status: 429 });
  });
  it('keep the lines of a roster and the picture that was stored', async () => {
    answer(422, { kind: 'invalid', text: 'roster', problems: [{ line: 3, text: 'used twice' }], picture: 'ab' });
    expect(await failing(managerApi.importRoster(new Blob(['a']), {}))).toMatchObject({ problems: [{ line: 3 }], picture: 'ab' });
  });
  it('are "offline" without a connection', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => { throw new TypeError('failed'); }));
    expect((await failing(managerApi.couriers())).kind).toBe('offline');
  });
  it('are "unavailable" where a proxy answers in its own words', async () => {
    answer(502, '<html>Bad Gateway</html>');
    expect((await failing(managerApi.couriers())).kind).toBe('unavailable');
  });
});
