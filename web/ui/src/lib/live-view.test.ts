// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiveView } from './live-view';

/** A connection that does what the test says. */
class FakeConnection extends EventTarget {
  static all: FakeConnection[] = [];
  connectionState = 'new';
  localDescription = { sdp: 'v=0' };
  constructor(readonly config: RTCConfiguration) {
    super();
    FakeConnection.all.push(this);
  }
  addTransceiver() {}
  async setLocalDescription() {}
  async setRemoteDescription() {}
  close() {
    this.connectionState = 'closed';
  }
  fail() {
    this.connectionState = 'failed';
    this.dispatchEvent(new Event('connectionstatechange'));
  }
}

const asked: string[] = [];
let refuse = 0;
let frame: (() => void) | undefined;
let view: LiveView;

beforeEach(() => {
  vi.useFakeTimers();
  FakeConnection.all = [];
  asked.length = refuse = 0;
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push(`${init.method} ${url} ${(init.headers as Record<string, string>).Authorization ?? ''}`.trim());
    if (refuse) return new Response('', { status: refuse });
    const answer = url.endsWith('/watch') ? JSON.stringify({ token: 't1', ice_servers: [] }) : 'v=0';
    const r = new Response(answer, { status: url.endsWith('/watch') ? 200 : 201, headers: { Location: 'cam1/s1' } });
    Object.defineProperty(r, 'url', { value: `http://box${url}` });
    return r;
  });
  HTMLVideoElement.prototype.requestVideoFrameCallback = (f) => ((frame = () => f(0, {} as VideoFrameCallbackMetadata)), 1);
  view = new LiveView();
  view.setAttribute('camera', 'cam1');
  view.setAttribute('stream', 'sub');
});

afterEach(() => {
  view.remove();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

async function live() {
  view.setAttribute('autoplay', '');
  document.body.append(view);
  await settle();
  frame?.();
}

it('asks for a token, offers with it, and is live at the first frame', async () => {
  await live();
  expect(asked).toEqual(['POST /api/manager/cameras/cam1/watch', 'POST /live/cam1?stream=sub Bearer t1']);
  expect(view.getAttribute('state')).toBe('live');
});

it('ends its session when it is taken away', async () => {
  await live();
  view.remove();
  await settle();
  expect(asked.at(-1)).toBe('DELETE http://box/live/cam1/s1');
});

it('waits in its session while the camera sends nothing, and goes on by itself', async () => {
  await live();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(view.state).toBe('waiting');
  frame?.();
  expect(view.state).toBe('live');
  expect(FakeConnection.all.length).toBe(1);
});

it('shows pictures when the connection fails, and tries live again ever later', async () => {
  await live();
  FakeConnection.all[0]?.fail();
  expect(view.state).toBe('pictures');
  expect(view.querySelector('img')?.src).toContain('/api/manager/cameras/cam1/snapshot');
  refuse = 503;
  await vi.advanceTimersByTimeAsync(1_000);
  const soon = asked.length;
  expect(soon).toBeGreaterThan(3);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.length - soon).toBeLessThan(12);
  refuse = 0;
  for (let s = 0; s < 40 && view.state !== 'live'; s++) {
    await vi.advanceTimersByTimeAsync(1_000);
    frame?.();
  }
  expect(view.state).toBe('live');
});

it('tries no more once nobody is signed in', async () => {
  refuse = 401;
  await live();
  const n = asked.length;
  await vi.advanceTimersByTimeAsync(120_000);
  expect(asked.length).toBe(n);
});

it('names its buttons with the camera', () => {
  document.body.append(view);
  expect([...view.querySelectorAll('button')].map((b) => b.getAttribute('aria-label'))).toEqual(['Watch live cam1', 'Save picture cam1', 'Full screen cam1']);
});
