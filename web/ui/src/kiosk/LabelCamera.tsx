import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../lib/components';
import { t } from '../lib/i18n';
import { every, photographs, Sampler, useCamera } from './camera';
import { byHand, sendLabel } from './label';
import { busy, tell } from './state';
import { lookWidth, Stillness, toGray, type Advice } from './stillness';

const shotsOfALabel = 3;

/** One for each visit, so that "next label" does not take the last one once more. */
let latest: { visit: string; stillness: Stillness } | undefined;
function stillnessOf(visit: string): Stillness {
  if (latest?.visit !== visit) latest = { visit, stillness: new Stillness() };
  return latest.stillness;
}

/** The label before the camera: taken by itself when sharp and still, or by the button, or from a file. */
export function LabelCamera({ visit }: { visit: string }) {
  const { video, state } = useCamera();
  const [advice, setAdvice] = useState<Advice>('show');
  const [reason, setReason] = useState('');
  const file = useRef<HTMLInputElement>(null);
  const stillness = useRef(stillnessOf(visit));

  const take = async (byItself: boolean) => {
    if (!video.current || busy.value || state !== 'on') return;
    if (!byItself) stillness.current.markTaken();
    setReason(await sendLabel(visit, await photographs(video.current, shotsOfALabel)));
  };

  useEffect(() => {
    if (state !== 'on') return;
    const sampler = new Sampler(lookWidth);
    return every(130, async () => {
      if (busy.value || !video.current) return;
      const frame = sampler.sample(video.current);
      if (!frame) return;
      const next = stillness.current.frame(toGray(frame));
      setAdvice(next);
      if (next === 'take') await take(true);
    });
  }, [state]);

  const pick = async (f: File | undefined) => {
    if (!f) return;
    if (f.type && !f.type.startsWith('image/')) {
      tell(t('error.no_picture'), 'warn');
      return;
    }
    setReason(await sendLabel(visit, [f]));
    if (file.current) file.current.value = '';
  };

  const hint = busy.value
    ? t('courier.reading')
    : reason.startsWith('too_large') || reason === '' || advice === 'still'
      ? t(advice === 'still' ? 'courier.hold_still' : advice === 'closer' ? 'courier.closer' : 'courier.show_label_hint')
      : hintOf(reason);

  return (
    <>
      <h2 class="stage-title">{t('courier.show_label')}</h2>
      <figure class={`label-view ${state} ${busy.value ? 'reading' : advice}`}>
        <video ref={video} muted playsInline aria-label={t('courier.show_label')} />
        <span class="corners" aria-hidden="true" />
        {state === 'none' && <p>{t('courier.no_camera')}</p>}
      </figure>
      <p class="stage-hint" role="status">
        {state === 'none' ? '' : hint}
      </p>
      <div class="stage-actions">
        <Button kind="primary" size="xl" class="shutter" disabled={state !== 'on'} busy={busy.value} onClick={() => void take(false)}>
          {t('courier.take')}
        </Button>
        <Button size="l" onClick={() => file.current?.click()}>
          {t('courier.choose_file')}
        </Button>
        <Button size="l" onClick={() => byHand(visit)}>
          {t('courier.by_hand')}
        </Button>
        <input
          ref={file}
          class="visually-hidden"
          type="file"
          accept="image/*"
          tabIndex={-1}
          aria-label={t('courier.choose_file')}
          onChange={(e) => void pick(e.currentTarget.files?.[0])}
        />
      </div>
    </>
  );
}

function hintOf(reason: string): string {
  const text = t(`reason.${reason}`);
  return text.startsWith('reason.') ? t('courier.show_label_hint') : text;
}
