import { formatTime, t } from '../lib/i18n';
import type { RoomView, Visit } from '../lib/types';
import { Tag } from './parts';
import { Link } from './route';
import { zone } from './state';

/** Visits that are open: who, for whom, how far. */
export function Visits({ v }: { v: RoomView }) {
  return (
    <section class="panel" aria-labelledby="visits-title">
      <h2 id="visits-title">{t('manager.visits')}</h2>
      <div aria-live="polite">
        {v.visits.length === 0 && <p class="soft">{t('manager.visits.none')}</p>}
        <ul class="rows">
          {v.visits.map((x) => (
            <li key={x.id} class="row visit">
              <div class="row-text">
                <h3>{x.name || t('manager.who.someone')}</h3>
                <p class="soft">{[t(`manager.kind.${x.kind}`), x.carrier, x.unit && t('package.unit', { unit: x.unit }), x.kiosk].filter(Boolean).join(' · ')}</p>
              </div>
              <p>
                <Tag tone={x.phase === 'inside' ? 'info' : 'plain'}>{t(x.leaving && !x.leaving.startsWith('0001') ? 'manager.phase.leaving' : `manager.phase.${x.phase}`)}</Tag>
                <span class="soft">{t('manager.since', { time: formatTime(x.started, zone.value) })}</span>
              </p>
              <p>{progress(x)}</p>
              <Link to="log" query={`?visit=${encodeURIComponent(x.id)}`} class="link">{t('manager.visit.log')}</Link>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function progress(x: Visit): string {
  const n = (list: unknown[] | undefined) => list?.length ?? 0;
  const parts = x.kind === 'courier'
    ? [t('manager.visit.scanned', { count: n(x.scanned) }), t('manager.visit.placed', { count: n(x.placed) })]
    : [t('manager.visit.collected', { count: n(x.collected) })];
  if (n(x.in_hand)) parts.push(t('manager.visit.in_hand', { count: n(x.in_hand) }));
  return parts.join(', ');
}
