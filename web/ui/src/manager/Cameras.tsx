import { hasText, t } from '../lib/i18n';
import type { CameraHealth, RoomView } from '../lib/types';
import { LiveView } from './LiveView';
import { Tag } from './parts';
import { Link } from './route';
import { word } from './sentence';

/** What to do about a camera's problem; of a lost one, why it is lost. */
function help(health: CameraHealth | undefined): string {
  const key = `manager.problem_help.${health?.problem}`;
  return hasText(key) ? `${t(key)} ${t('manager.problem_blind')}` : (health?.detail ?? '');
}

/** Every camera with its health in words and its picture. */
export function Cameras({ v }: { v: RoomView }) {
  const ids = [...new Set([...v.slots.map((s) => s.camera), ...(v.cameras ?? []).map((c) => c.camera)])].filter(Boolean).sort();
  return (
    <section class="panel" aria-labelledby="cameras-title">
      <h2 id="cameras-title">{t('manager.cameras')}</h2>
      <p><Link to="cameras">{t('manager.wall.link')}</Link></p>
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
                  {!ok && <span class="soft">{help(health)}</span>}
                </p>
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
