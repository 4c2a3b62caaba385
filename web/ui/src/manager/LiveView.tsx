import { useEffect, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button } from '../lib/components';
import { t } from '../lib/i18n';
import { Icon } from './Icon';
import { play } from './whep';

type Mode = 'still' | 'starting' | 'live' | 'pictures';

const stillMs = 30_000; // every picture read is written to the log: no more than needed
const pictureMs = 2_000;
const brokenMs = 5_000;

/** A camera: a still picture, on demand live, and single pictures where live does not come through. */
export function LiveView({ camera }: { camera: string }) {
  const [mode, setMode] = useState<Mode>('still');
  const [turn, setTurn] = useState(() => Date.now());
  const [broken, setBroken] = useState(false);
  const video = useRef<HTMLVideoElement>(null);
  const wanted = mode === 'starting' || mode === 'live';

  useEffect(() => {
    if (!wanted || !video.current) return;
    const element = video.current;
    const abort = new AbortController();
    const fall = () => !abort.signal.aborted && setMode('pictures');
    const late = setTimeout(() => element.readyState < 2 && fall(), 8000);
    play(managerApi.live(camera), element, fall, abort.signal).catch(fall);
    return () => {
      clearTimeout(late);
      abort.abort();
    };
  }, [wanted, camera]);

  useEffect(() => {
    if (wanted) return;
    const every = mode === 'pictures' ? pictureMs : broken ? brokenMs : stillMs;
    const timer = setInterval(() => document.visibilityState === 'visible' && setTurn(Date.now()), every);
    return () => clearInterval(timer);
  }, [wanted, mode, broken]);

  const words = mode === 'starting' ? t('manager.live.starting') : mode === 'live' ? t('manager.live.on') : mode === 'pictures' ? t('manager.live.pictures') : '';
  return (
    <div class={`live ${mode}`}>
      {!wanted && (
        <img
          src={`${managerApi.snapshot(camera)}?at=${turn}`}
          alt={t('manager.camera.picture', { camera })}
          class={broken ? 'broken' : ''}
          onLoad={() => setBroken(false)}
          onError={() => setBroken(true)}
        />
      )}
      {!wanted && broken && <p class="live-none">{t('manager.camera.no_picture')}</p>}
      {wanted && <video ref={video} autoplay muted playsInline aria-label={t('manager.camera.picture', { camera })} onPlaying={() => setMode('live')} />}
      <p class="live-word" role="status">{words}</p>
      <Button class="live-button" onClick={() => setMode(mode === 'still' ? 'starting' : 'still')}>
        {mode === 'still' ? <><Icon name="play" />{t('manager.live.start')}</> : t('manager.live.stop')}
        <span class="visually-hidden"> {camera}</span>
      </Button>
    </div>
  );
}
