import { useEffect, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button, Dialog } from '../lib/components';
import { t } from '../lib/i18n';
import { FootageVideo } from './FootageVideo';
import { Link } from './route';
import { minute, second, writePlace } from './timeline';

/** Pictures of one event or package, small; each opens large. */
export function Thumbs({ refs, labels, most = 3, size }: { refs: (string | undefined)[]; labels: string[]; most?: number; size?: 'l' }) {
  const [at, setAt] = useState<number | undefined>();
  const pictures = refs.flatMap((ref, i) => (ref ? [{ ref, label: labels[i] ?? t('package.picture') }] : []));
  if (pictures.length === 0) return null;
  return (
    <>
      <ul class={`thumbs${size ? ` size-${size}` : ''}`}>
        {pictures.slice(0, most).map((p, i) => (
          <li key={p.ref}>
            <button type="button" class="thumb" aria-label={t('manager.picture.open', { what: p.label })} onClick={() => setAt(i)}>
              <img src={managerApi.picture(p.ref)} alt="" loading="lazy" />
            </button>
          </li>
        ))}
      </ul>
      {at !== undefined && <Lightbox pictures={pictures} start={at} onClose={() => setAt(undefined)} />}
    </>
  );
}

function Lightbox({ pictures, start, onClose }: { pictures: { ref: string; label: string }[]; start: number; onClose: () => void }) {
  const [at, setAt] = useState(start);
  const many = pictures.length > 1;
  const step = (n: number) => setAt((i) => (i + n + pictures.length) % pictures.length);
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (!many) return;
      if (e.key === 'ArrowRight') step(1);
      else if (e.key === 'ArrowLeft') step(-1);
      else return;
      e.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [many]);
  const p = pictures[at]!;
  return (
    <Dialog
      wide
      title={p.label}
      onClose={onClose}
      actions={
        <>
          {many && (
            <>
              <Button onClick={() => step(-1)}>{t('manager.picture.back')}</Button>
              <Button onClick={() => step(1)}>{t('manager.picture.next')}</Button>
            </>
          )}
          <Button kind="primary" onClick={onClose}>{t('close')}</Button>
        </>
      }
    >
      <figure class="large">
        <img src={managerApi.picture(p.ref)} alt={p.label} />
        {many && <figcaption aria-live="polite">{t('manager.picture.of', { at: at + 1, count: pictures.length, what: p.label })}</figcaption>}
      </figure>
    </Dialog>
  );
}

/** Footage around a moment, with the way to what is before and after it. */
export function ClipDialog({ camera, at, title, onClose }: { camera: string; at: string; title: string; onClose: () => void }) {
  const ms = new Date(at).getTime();
  return (
    <Dialog
      wide
      title={title}
      onClose={onClose}
      actions={
        <>
          <Link to="timeline" query={writePlace(ms, 5 * minute, camera)} class="button secondary size-m">{t('manager.clip.timeline')}</Link>
          <Button kind="primary" onClick={onClose}>{t('close')}</Button>
        </>
      }
    >
      <FootageVideo camera={camera} from={ms - 8 * second} to={ms + 8 * second} label={title} />
      <p class="soft">{t('manager.clip.hint', { camera })}</p>
    </Dialog>
  );
}
