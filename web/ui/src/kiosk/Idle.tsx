import { useEffect, useRef, useState } from 'preact/hooks';
import { failureOf } from '../lib/api';
import { ShelfMap } from '../lib/components';
import { sayFailure } from '../lib/failure';
import { t } from '../lib/i18n';
import { every, Sampler, useCamera } from './camera';
import { Sheet, Stage } from './panels';
import { readQR } from './qr';
import { formOf, listenForReader } from './scanner';
import { SignIn } from './SignIn';
import { api, connection, refresh, speech, view } from './state';

type Form = Parameters<typeof api.start>[0];

/** Nobody is here: PIN, QR code or card. */
export function Idle() {
  const { video, state: camera } = useCamera();
  const [checking, setChecking] = useState(false);
  const [problem, setProblem] = useState('');
  const [attempt, setAttempt] = useState(0);
  const [until, setUntil] = useState(0);
  const left = useCountdown(until);
  const running = useRef(false);
  const waiting = useRef(0);
  waiting.current = until;

  const identify = async (form: Form, secret: string, unit?: string) => {
    if (running.current || Date.now() < waiting.current) return;
    running.current = true;
    setChecking(true);
    try {
      await api.start(form, secret, unit);
      setProblem('');
      await refresh();
    } catch (e) {
      const f = failureOf(e);
      setProblem(sayFailure(f));
      speech.say(sayFailure(f));
      setUntil(f.retryAfterMs > 0 ? Date.now() + f.retryAfterMs : 0);
    } finally {
      running.current = false;
      setChecking(false);
      setAttempt((n) => n + 1);
    }
  };

  useEffect(() => listenForReader((text) => void identify(formOf(text), text)), []);

  useEffect(() => {
    if (camera !== 'on') return;
    const sampler = new Sampler(960);
    let last = { text: '', at: 0 };
    return every(180, async () => {
      const frame = video.current && sampler.sample(video.current);
      const text = frame && (await readQR(frame));
      // The code stays before the camera for a while: it counts once in five seconds.
      if (!text || (text === last.text && Date.now() - last.at < 5000)) return;
      last = { text, at: Date.now() };
      await identify('qr', text);
    });
  }, [camera]);

  const byUnit = view.value?.pickup === 'unit_pin';
  const off = left > 0 || connection.value === 'lost';
  return (
    <main class="split">
      <Stage class="welcome">
        <div class="backdrop" aria-hidden="true">
          {view.value && <ShelfMap slots={view.value.slots} />}
        </div>
        <h1>{t('kiosk.welcome')}</h1>
        <p class="lead">{t(byUnit ? 'kiosk.how_unit' : 'kiosk.how')}</p>
        <figure class={`viewfinder ${camera}`}>
          <video ref={video} muted playsInline aria-label={t('kiosk.qr_hint')} />
          <figcaption>{camera === 'none' ? t('kiosk.qr_off') : t('kiosk.qr_hint')}</figcaption>
        </figure>
        {camera === 'on' && <p class="fine">{t('kiosk.privacy')}</p>}
      </Stage>
      <Sheet label={t(byUnit ? 'kiosk.who' : 'kiosk.pin_hint')}>
        <div class="pin-side">
          <SignIn byUnit={byUnit} onPin={(pin, unit) => void (unit ? identify('unit_pin', pin, unit) : identify('pin', pin))} disabled={off} busy={checking} attempt={attempt} />
          <div class="pin-answer" role="alert">
            {checking ? t('kiosk.checking') : problem}
            {left > 0 && <strong> {t('kiosk.wait', { time: clock(left) })}</strong>}
          </div>
        </div>
      </Sheet>
    </main>
  );
}

function useCountdown(until: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    setNow(Date.now());
    if (until <= Date.now()) return;
    const timer = setInterval(() => {
      setNow(Date.now());
      if (Date.now() >= until) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [until]);
  return Math.max(0, until - now);
}

export function clock(ms: number): string {
  const s = Math.ceil(ms / 1000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}
