import { useEffect, useRef, useState } from 'preact/hooks';

export type CameraState = 'starting' | 'on' | 'none';

/** The kiosk's camera in a video element; "none" where there is none or it is refused. */
export function useCamera() {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<CameraState>('starting');

  useEffect(() => {
    let stream: MediaStream | undefined;
    let gone = false;
    const start = async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({
          audio: false,
          video: { width: { ideal: 1920 }, height: { ideal: 1080 }, facingMode: { ideal: 'environment' } },
        });
        if (gone || !video.current) {
          stop(stream);
          return;
        }
        stream.getVideoTracks()[0]?.addEventListener('ended', () => setState('none'));
        video.current.srcObject = stream;
        await video.current.play();
        setState('on');
      } catch {
        if (!gone) setState('none');
      }
    };
    void start();
    return () => {
      gone = true;
      stop(stream);
    };
  }, []);

  return { video, state };
}

function stop(stream: MediaStream | undefined) {
  stream?.getTracks().forEach((t) => t.stop());
}

const canvas = (): HTMLCanvasElement => document.createElement('canvas');

/** Reduces frames of a video to one size, again and again. */
export class Sampler {
  private readonly context = canvas().getContext('2d', { willReadFrequently: true })!;
  constructor(private readonly maxWidth: number) {}

  sample(video: HTMLVideoElement): ImageData | undefined {
    if (video.readyState < 2 || !video.videoWidth) return undefined;
    const scale = Math.min(1, this.maxWidth / video.videoWidth);
    const c = this.context.canvas;
    const w = Math.round(video.videoWidth * scale);
    const h = Math.round(video.videoHeight * scale);
    if (c.width !== w || c.height !== h) [c.width, c.height] = [w, h];
    this.context.drawImage(video, 0, 0, w, h);
    return this.context.getImageData(0, 0, w, h);
  }
}

/** One full picture as JPEG. */
function photograph(video: HTMLVideoElement): Promise<Blob> {
  const c = canvas();
  [c.width, c.height] = [video.videoWidth, video.videoHeight];
  c.getContext('2d')!.drawImage(video, 0, 0);
  return new Promise((done, fail) => c.toBlob((b) => (b ? done(b) : fail(new Error('no picture'))), 'image/jpeg', 0.92));
}

const shotGapMs = 90;

/** Several pictures in a row: a hand shakes, and one of them is the sharpest. */
export async function photographs(video: HTMLVideoElement, count: number): Promise<Blob[]> {
  const shots: Blob[] = [];
  while (shots.length < count) {
    if (shots.length) await new Promise((done) => setTimeout(done, shotGapMs));
    shots.push(await photograph(video));
  }
  return shots;
}

/** Calls fn every so many milliseconds, never twice at once, until stopped. */
export function every(ms: number, fn: () => Promise<void> | void): () => void {
  let timer: ReturnType<typeof setTimeout>;
  let stopped = false;
  const round = async () => {
    try {
      await fn();
    } catch {
      // A frame that cannot be read is followed by another one.
    }
    if (!stopped) timer = setTimeout(() => void round(), ms);
  };
  timer = setTimeout(() => void round(), ms);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
