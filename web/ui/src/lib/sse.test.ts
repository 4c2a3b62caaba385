import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listen } from './sse';

class FakeSource extends EventTarget {
  static readonly CLOSED = 2;
  static all: FakeSource[] = [];
  readyState = 1;
  constructor(readonly url: string) {
    super();
    FakeSource.all.push(this);
  }
  close() {
    this.readyState = 2;
  }
  send(name: string, data: unknown) {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }
}
const newest = () => FakeSource.all.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', FakeSource);
  FakeSource.all = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('listening', () => {
  it('hands events over and knows that the line is open', () => {
    const view = vi.fn();
    const l = listen('/events', { on: { view } });
    expect(l.state.value).toBe('connecting');
    newest().send('view', { a: 1 });
    expect(view).toHaveBeenCalledWith({ a: 1 });
    expect(l.state.value).toBe('open');
    l.close();
  });

  it('comes back after an error, slower each time, and says so', () => {
    const l = listen('/events', { on: {} });
    for (const wait of [500, 1000, 2000]) {
      newest().dispatchEvent(new Event('error'));
      expect(l.state.value).toBe('lost');
      const before = FakeSource.all.length;
      vi.advanceTimersByTime(wait - 1);
      expect(FakeSource.all.length).toBe(before);
      vi.advanceTimersByTime(1);
      expect(FakeSource.all.length).toBe(before + 1);
    }
    newest().send('beat', {});
    expect(l.state.value).toBe('open');
    l.close();
  });

  it('takes silence for a dead line', () => {
    const l = listen('/events', { on: {} });
    newest().send('beat', {});
    vi.advanceTimersByTime(34_000);
    expect(l.state.value).toBe('open');
    vi.advanceTimersByTime(2_000);
    expect(FakeSource.all.length).toBe(2);
    l.close();
  });

  it('asks why where the server refuses it', () => {
    const refused = vi.fn();
    const l = listen('/events', { on: {}, refused });
    newest().close();
    newest().dispatchEvent(new Event('error'));
    expect(refused).toHaveBeenCalledOnce();
    l.close();
  });

  it('ends when it is closed', () => {
    const l = listen('/events', { on: {} });
    l.close();
    newest().dispatchEvent(new Event('error'));
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.all.length).toBe(1);
  });
});
