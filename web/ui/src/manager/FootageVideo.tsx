import { useEffect, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { language, t } from '../lib/i18n';
import type { Footage, Span } from '../lib/types';
import { failureText, guard, zone } from './state';

export interface Stretch {
  camera: string;
  from: number;
  to: number;
  /** Opens it with its faces; without one they are covered. */
  pass?: string;
}

export const isoOf = (ms: number): string => new Date(ms).toISOString();

/** A moment to the second, as the property's clocks show it. */
export const clockOf = (ms: number): string =>
  new Intl.DateTimeFormat(language.value, { timeZone: zone.value, hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(ms));

/** Footage as a player. It says what it waits for, and what of the time it cannot show. */
export function FootageVideo({ camera, from, to, pass, label, onTime, onEnd, onNone }: Stretch & {
  label: string;
  onTime?: (at: number) => void;
  onEnd?: () => void;
  onNone?: () => void;
}) {
  const [about, setAbout] = useState<Footage | undefined>();
  const [wrong, setWrong] = useState('');
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    let stale = false;
    setAbout(undefined);
    setWrong('');
    guard(managerApi.clipAbout(camera, isoOf(from), isoOf(to), pass)).then(
      (a) => !stale && setAbout(a),
      (e: unknown) => {
        if (stale) return;
        const none = (e as { kind?: string }).kind === 'not_found';
        setWrong(none ? t('manager.clip.none') : failureText(e));
        if (none) onNone?.();
      },
    );
    return () => {
      stale = true;
    };
  }, [camera, from, to, pass]);
  // Where only a kept clip is left, the file is all of it.
  const begins = Math.max(Date.parse(about?.from ?? '') || from, Date.parse(about?.start ?? '') || from);
  return (
    <>
      <div class="screen">
        {wrong && <p role="status">{wrong}</p>}
        {!wrong && !about && <p role="status">{t(pass ? 'loading' : 'manager.footage.covering')}</p>}
        {!wrong && about && (
          <video
            ref={video}
            src={managerApi.clip(camera, isoOf(from), isoOf(to), pass)}
            controls
            autoplay
            muted
            playsInline
            aria-label={label}
            onTimeUpdate={(e) => onTime?.(begins + e.currentTarget.currentTime * 1000)}
            onEnded={() => onEnd?.()}
            onError={() => setWrong(t('manager.clip.none'))}
          />
        )}
      </div>
      <GapNote gaps={about?.gaps ?? []} />
    </>
  );
}

/** What of the asked time there is no footage of, in words. */
export function GapNote({ gaps }: { gaps: Span[] }) {
  if (gaps.length === 0) return null;
  const list = gaps.map((g) => t('manager.footage.from_to', { from: clockOf(Date.parse(g.from)), to: clockOf(Date.parse(g.to)) }));
  return <p class="gap-note"><span aria-hidden="true">▨ </span>{t('manager.footage.gaps', { list: list.join('; ') })}</p>;
}
