import './live-view.css';
import { play, Refused, type Grant } from './whep';

/**
 * How a picture is: `still` a single picture, nobody wants it live; `starting`;
 * `live`; `waiting` the connection stands but the camera sends nothing;
 * `pictures` live does not come through, single pictures are shown meanwhile.
 */
export type LiveState = 'still' | 'starting' | 'live' | 'waiting' | 'pictures';

export type LiveWords = Record<LiveState | 'play' | 'stop' | 'full' | 'snapshot' | 'none' | 'picture', string>;

const english: LiveWords = {
  still: '', starting: 'Connecting…', live: 'Live', waiting: 'The camera sends nothing', pictures: 'Live does not come through; single pictures',
  play: 'Watch live', stop: 'Stop', full: 'Full screen', snapshot: 'Save picture', none: 'No picture', picture: 'Picture of',
};

const stillMs = 30_000; // every picture read is written to the log: no more than needed
const picturesMs = 2_000;
const brokenMs = 5_000;
const firstMs = 8_000; // for the first frame, before single pictures are shown
const quietMs = 2_500; // without a frame, before the camera counts as silent
const retryMinMs = 500;
const retryMaxMs = 30_000;

/**
 * <live-view camera="cam1" stream="sub" autoplay>: a camera's picture. Live over
 * WHEP, and while that does not come through single pictures, which it leaves as
 * soon as it does. It needs no framework: attributes say what to show, the
 * attribute "state" and the event "livestate" how it is.
 *
 * Attributes: camera; stream, "sub" for the small one; autoplay, live at once;
 * api and whep, where to ask ("/api/manager/cameras", "/live"). Keys while it or
 * what is in it has focus: F full screen, S saves the picture.
 */
export class LiveView extends HTMLElement {
  static observedAttributes = ['camera', 'stream'];

  #words = english;
  #state: LiveState = 'still';
  #wanted = false;
  #shown = true; // by the browser, to somebody
  #abort: AbortController | undefined;
  #lastFrame = 0;
  #retry = retryMinMs;
  #timers = new Set<ReturnType<typeof setTimeout>>();
  #still?: ReturnType<typeof setTimeout>;

  readonly video = document.createElement('video');
  readonly #img = document.createElement('img');
  readonly #none = made('p', 'live-none');
  readonly #word = made('p', 'live-word');
  readonly #tools = made('div', 'live-tools');
  readonly #toggle = made('button', 'live-button');
  readonly #save = made('button', 'live-button');
  readonly #full = made('button', 'live-button');

  constructor() {
    super();
    Object.assign(this.video, { muted: true, autoplay: true, playsInline: true });
    this.video.addEventListener('playing', () => this.#frame());
    this.#img.addEventListener('load', () => this.#picture(true));
    this.#img.addEventListener('error', () => this.#picture(false));
    this.#word.setAttribute('role', 'status');
    for (const b of [this.#toggle, this.#save, this.#full]) (b as HTMLButtonElement).type = 'button';
    this.#toggle.addEventListener('click', () => (this.#wanted ? this.stop() : this.play()));
    this.#save.addEventListener('click', () => void this.save());
    this.#full.addEventListener('click', () => void this.full());
    this.#tools.append(this.#toggle, this.#save, this.#full);
    this.addEventListener('keydown', (e) => this.#key(e));
  }

  get state(): LiveState {
    return this.#state;
  }

  get camera(): string {
    return this.getAttribute('camera') ?? '';
  }

  /** The words that are shown, in the page's language. */
  set words(w: Partial<LiveWords>) {
    this.#words = { ...english, ...w };
    this.#paint();
  }

  connectedCallback(): void {
    this.append(this.#img, this.video, this.#none, this.#word, this.#tools);
    document.addEventListener('visibilitychange', this.#visible);
    this.#paint();
    if (this.hasAttribute('autoplay')) this.play();
    else this.#look();
  }

  disconnectedCallback(): void {
    document.removeEventListener('visibilitychange', this.#visible);
    this.#wanted = false;
    this.#end();
    clearTimeout(this.#still);
  }

  attributeChangedCallback(name: string, was: string | null, is: string | null): void {
    if (!this.isConnected || was === is) return;
    this.#paint();
    if (this.#wanted) this.#open();
    else if (name === 'camera') this.#look();
  }

  /** Shows it live, as soon as that is possible and for as long as it is wanted. */
  play(): void {
    this.#wanted = true;
    this.#retry = retryMinMs;
    this.#open();
  }

  /** Shows single pictures only. */
  stop(): void {
    this.#wanted = false;
    this.#end();
    this.#set('still');
    this.#look();
  }

  /** Fills the screen with it, or gives the screen back. */
  async full(): Promise<void> {
    await (document.fullscreenElement === this ? document.exitFullscreen() : this.requestFullscreen());
  }

  /** The picture as it is now, in the stream's own size. */
  async snapshot(): Promise<Blob> {
    const from = this.#state === 'live' || this.#state === 'waiting' ? this.video : this.#img;
    const [width, height] = from === this.video ? [this.video.videoWidth, this.video.videoHeight] : [this.#img.naturalWidth, this.#img.naturalHeight];
    if (!width || !height) throw new Error('there is no picture');
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    canvas.getContext('2d')?.drawImage(from, 0, 0);
    return new Promise((done, fail) => canvas.toBlob((b) => (b ? done(b) : fail(new Error('no JPEG'))), 'image/jpeg', 0.92));
  }

  /** Saves the picture as a file, named by camera and time. */
  async save(): Promise<void> {
    const blob = await this.snapshot().catch(() => undefined);
    if (!blob) return;
    const href = URL.createObjectURL(blob);
    const stamp = new Date().toISOString().replace(/[:.]/g, '-');
    Object.assign(document.createElement('a'), { href, download: `${this.camera}-${stamp}.jpg` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }

  #key(e: KeyboardEvent): void {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const key = e.key.toLowerCase();
    if (key === 'f') void this.full().catch(() => undefined);
    else if (key === 's') void this.save();
    else return;
    e.preventDefault();
  }

  /** A page that nobody sees needs no picture. */
  #visible = () => {
    this.#shown = document.visibilityState === 'visible';
    if (!this.#wanted) return;
    if (this.#shown) this.#open();
    else this.#end();
  };

  #open(): void {
    this.#end();
    if (!this.#shown || !this.camera) return;
    if (this.#state !== 'pictures') this.#set('starting');
    const abort = (this.#abort = new AbortController());
    const fail = (e?: unknown) => !abort.signal.aborted && this.#failed(e);
    this.#later(() => this.#lastFrame === 0 && fail(), firstMs);
    this.#lastFrame = 0;
    void this.#connect(abort.signal, fail).catch(fail);
    this.#watchFrames(abort.signal);
  }

  async #connect(signal: AbortSignal, ended: () => void): Promise<void> {
    const api = this.getAttribute('api') ?? '/api/manager/cameras';
    const camera = encodeURIComponent(this.camera);
    const response = await fetch(`${api}/${camera}/watch`, { method: 'POST', headers: { 'X-Packroom': '1' }, signal });
    if (!response.ok) throw new Refused(response.status);
    const grant = (await response.json()) as Grant;
    const sub = this.getAttribute('stream') === 'sub' ? '?stream=sub' : '';
    await play({ url: `${this.getAttribute('whep') ?? '/live'}/${camera}${sub}`, grant, video: this.video, ended, signal });
  }

  /** Live is over: single pictures for now, and live again later. */
  #failed(e?: unknown): void {
    this.#end();
    this.#set('pictures');
    this.#look();
    if (e instanceof Refused && e.status === 401) return; // signed out: the page knows
    this.#later(() => this.#wanted && this.#open(), this.#retry * (0.75 + Math.random() / 2));
    this.#retry = Math.min(2 * this.#retry, retryMaxMs);
  }

  #end(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.video.srcObject = null;
    for (const t of this.#timers) clearTimeout(t);
    this.#timers.clear();
  }

  #later(f: () => void, ms: number): void {
    const t = setTimeout(() => {
      this.#timers.delete(t);
      f();
    }, ms);
    this.#timers.add(t);
  }

  /** Notes every frame that is shown, and their absence. */
  #watchFrames(signal: AbortSignal): void {
    const next = () => {
      if (signal.aborted) return;
      this.#frame();
      this.video.requestVideoFrameCallback(next);
    };
    this.video.requestVideoFrameCallback(next);
    const quiet = () => {
      if (this.#state === 'live' && performance.now() - this.#lastFrame > quietMs) this.#set('waiting');
      this.#later(quiet, quietMs / 5);
    };
    quiet();
  }

  #frame(): void {
    if (!this.#abort) return;
    this.#lastFrame = performance.now();
    this.#retry = retryMinMs;
    if (this.#state !== 'live') this.#set('live');
  }

  /** Looks at a single picture, now and from time to time. */
  #look(): void {
    if (!this.isConnected || !this.camera || (this.#state !== 'still' && this.#state !== 'pictures')) return;
    if (document.visibilityState === 'visible') {
      this.#img.src = `${this.getAttribute('api') ?? '/api/manager/cameras'}/${encodeURIComponent(this.camera)}/snapshot?at=${Date.now()}`;
    }
    this.#lookLater();
  }

  #lookLater(): void {
    clearTimeout(this.#still);
    const wait = this.#state === 'pictures' ? picturesMs : this.#img.hidden ? brokenMs : stillMs;
    this.#still = setTimeout(() => this.#look(), wait);
  }

  #picture(ok: boolean): void {
    this.#img.hidden = !ok;
    this.#paint();
    this.#lookLater();
  }

  #set(s: LiveState): void {
    if (s === this.#state) return;
    this.#state = s;
    this.#paint();
    this.dispatchEvent(new CustomEvent('livestate', { detail: s, bubbles: true }));
  }

  #paint(): void {
    const w = this.#words;
    const moving = this.#state === 'starting' || this.#state === 'live' || this.#state === 'waiting';
    if (this.getAttribute('state') !== this.#state) this.setAttribute('state', this.#state);
    this.video.setAttribute('aria-hidden', String(!moving));
    this.video.setAttribute('aria-label', `${w.picture} ${this.camera}`);
    this.#img.alt = `${w.picture} ${this.camera}`;
    this.#img.classList.toggle('away', moving);
    this.#none.textContent = !moving && this.#img.hidden ? w.none : '';
    this.#word.textContent = w[this.#state];
    name(this.#toggle, this.#wanted ? 'stop' : 'play', this.#wanted ? w.stop : w.play, this.camera);
    name(this.#save, 'save', w.snapshot, this.camera);
    name(this.#full, 'full', w.full, this.camera);
  }
}

function made(tag: string, cls: string): HTMLElement {
  return Object.assign(document.createElement(tag), { className: cls });
}

const signs = {
  play: 'M7 4l13 8-13 8z',
  stop: 'M5 5h14v14H5z',
  save: 'M12 3v11M7 10l5 5 5-5M4 16v4h16v-4',
  full: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
};

/** Words and a sign on a button, with the camera's name for who can't see which one it is. */
function name(b: HTMLElement, does: keyof typeof signs, text: string, camera: string): void {
  const label = `${text} ${camera}`;
  if (b.getAttribute('aria-label') === label) return;
  b.dataset.does = does;
  b.setAttribute('aria-label', label);
  b.title = text;
  const shown = made('span', 'live-text');
  shown.textContent = text;
  b.replaceChildren(sign(signs[does]), shown);
}

function sign(path: string): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  for (const [k, v] of [['viewBox', '0 0 24 24'], ['aria-hidden', 'true'], ['class', 'live-sign']] as const) svg.setAttribute(k, v);
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

if (!customElements.get('live-view')) customElements.define('live-view', LiveView);
