import { t } from '../lib/i18n';
import type { RoomView } from '../lib/types';
import { LiveView } from './LiveView';
import { Tag } from './parts';
import { word } from './sentence';

/** Every camera with its health in words and its picture. */
export function Cameras({ v }: { v: RoomView }) {
  const ids = [...new Set([...v.slots.map((s) => s.camera), ...(v.cameras ?? []).map((c) => c.camera)])].filter(Boolean).sort();
  return (
    <section class="panel" aria-labelledby="cameras-title">
      <h2 id="cameras-title">{t('manager.cameras')}</h2>
      {ids.length === 0 && <p class="soft">{t('manager.cameras.none')}</p>}
      <ul class="cameras">
        {ids.map((id) => {
          const health = v.cameras?.find((c) => c.camera === id);
          const ok = health?.ok ?? true;
          return (
            <li key={id}>
              <LiveView camera={id} />
              <div class="camera-line">
                <h3 class="mono">{id}</h3>
                <p aria-live="polite">
                  <Tag tone={ok ? 'ok' : 'bad'}>{ok ? t('manager.camera.ok') : word('manager.problem', health?.problem ?? 'lost')}</Tag>
                  {!ok && health?.detail && <span class="soft">{health.detail}</span>}
                </p>
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
