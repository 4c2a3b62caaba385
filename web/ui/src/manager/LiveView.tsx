import type { HTMLAttributes } from 'preact';
import { t } from '../lib/i18n';
import type { LiveView as Element, LiveWords } from '../lib/live-view';
import '../lib/live-view';

type ViewAttributes = HTMLAttributes<Element> & {
  camera: string;
  stream?: 'sub' | 'main' | undefined;
  autoplay?: boolean | undefined;
  words?: Partial<LiveWords>;
};

declare module 'preact' {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace JSX {
    interface IntrinsicElements {
      'live-view': ViewAttributes;
    }
  }
}

/** A camera's picture, in the page's language. */
export function LiveView(a: Pick<ViewAttributes, 'camera' | 'stream' | 'autoplay'> & { words?: Partial<LiveWords> }) {
  return <live-view camera={a.camera} stream={a.stream} autoplay={a.autoplay} words={{ ...liveWords(), ...a.words }} />;
}

function liveWords(): LiveWords {
  return {
    still: '', starting: t('manager.live.starting'), live: t('manager.live.on'), waiting: t('manager.live.waiting'), pictures: t('manager.live.pictures'),
    play: t('manager.live.start'), stop: t('manager.live.stop'), full: t('manager.live.full'), snapshot: t('manager.live.save'),
    none: t('manager.camera.no_picture'), picture: t('manager.camera.picture', { camera: '' }).trim(),
  };
}
