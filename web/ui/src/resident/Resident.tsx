import { useEffect, useState } from 'preact/hooks';
import { failureOf, residentApi } from '../lib/api';
import { Connection, LanguageSwitch, shortTracking, ShelfMap } from '../lib/components';
import { formatDateTime, hasText, knownLanguage, language, setLanguage, t } from '../lib/i18n';
import { listen, type Connection as State } from '../lib/sse';
import type { ResidentParcel, ResidentView } from '../lib/types';

/** A resident's packages: here now with picture and shelf, and the last 30 days. */
export function Resident({ token }: { token: string }) {
  const [view, setView] = useState<ResidentView | undefined>();
  const [refused, setRefused] = useState(false);
  const [line, setLine] = useState<State>('connecting');
  const [trouble, setTrouble] = useState<string | undefined>();
  const api = residentApi(token);

  useEffect(() => {
    let first = true;
    const show = (v: ResidentView) => {
      setView(v);
      setTrouble(undefined);
      const l = knownLanguage(v.language);
      if (first && l) setLanguage(l);
      first = false;
    };
    const live = listen(api.events, {
      on: { view: (d) => show(d as ResidentView), trouble: () => setTrouble(t('connection.trouble')) },
      refused: () =>
        void api.view().then(show, (e: unknown) => {
          const f = failureOf(e);
          if (f.kind === 'forbidden' || f.kind === 'not_found') {
            live.close();
            setRefused(true);
          }
        }),
    });
    const stop = live.state.subscribe(setLine);
    return () => {
      stop();
      live.close();
    };
  }, [token]);

  useEffect(() => {
    document.title = t('page.title');
  }, [language.value]);

  return (
    <div class="page">
      <header class="page-top">
        <p class="page-house">{view?.property ?? 'packroom'}</p>
        <LanguageSwitch />
      </header>
      {refused ? (
        <main class="page-main">
          <h1>{t('page.invalid_title')}</h1>
          <p class="lead">{t('page.invalid')}</p>
        </main>
      ) : view ? (
        <Packages view={view} picture={api.picture} />
      ) : (
        <main class="page-main" aria-busy="true">
          <h1>{t('page.title')}</h1>
          <p class="lead">{t('loading')}</p>
        </main>
      )}
      {!refused && <Connection state={line} trouble={trouble} />}
    </div>
  );
}

function Packages({ view: v, picture }: { view: ResidentView; picture: (ref: string) => string }) {
  const [looked, setLooked] = useState<string | undefined>();
  const slots = v.here.flatMap((p) => (p.slot ? [p.slot] : []));
  const counts: Record<string, number> = {};
  for (const s of slots) {
    const n = slots.filter((o) => o === s).length;
    if (n > 1) counts[s] = n;
  }

  return (
    <main class="page-main">
      <p class="hello">{t('page.hello', { name: v.name })}</p>
      <h1>{v.here.length > 0 ? t('page.here_count', { count: v.here.length }) : t('page.none')}</h1>
      <p class="lead">{v.here.length > 0 ? t('page.how') : t('page.none_hint')}</p>

      {v.here.length > 0 && (
        <ul class="shelf" aria-label={t('page.here')}>
          {v.here.map((p) => (
            <li key={p.id}>
              <Here parcel={p} view={v} picture={picture} active={looked === p.slot} onLook={setLooked} />
            </li>
          ))}
        </ul>
      )}

      {slots.length > 0 && (
        <section aria-labelledby="map-title" class="where">
          <h2 id="map-title">{t('page.map')}</h2>
          {v.map_known ? <ShelfMap slots={v.slots} highlight={looked ? [looked] : slots} counts={counts} /> : <p>{t('page.map_away')}</p>}
        </section>
      )}

      <section aria-labelledby="past-title" class="past">
        <h2 id="past-title">{t('page.past')}</h2>
        {v.past.length === 0 && <p class="soft">{t('page.past_none')}</p>}
        <ol>
          {v.past.map((p) => (
            <li key={p.id}>
              <strong>{p.carrier || t('package.picture')}</strong>
              {p.tracking && <span class="mono">{shortTracking(p.tracking)}</span>}
              <span class="soft">{ended(p, v.timezone)}</span>
            </li>
          ))}
        </ol>
      </section>
    </main>
  );
}

function Here({ parcel: p, view: v, picture, active, onLook }: {
  parcel: ResidentParcel;
  view: ResidentView;
  picture: (ref: string) => string;
  active: boolean;
  onLook: (slot: string | undefined) => void;
}) {
  return (
    <article class="waiting">
      <figure>
        {p.photo ? (
          <img src={picture(p.photo)} alt={p.slot ? t('page.picture_of', { slot: p.slot }) : t('package.picture')} />
        ) : (
          <span class="no-photo" aria-hidden="true" />
        )}
      </figure>
      <div>
        <h2>{p.carrier ? t('page.from', { carrier: p.carrier }) : t('package.picture')}</h2>
        {p.tracking && <p class="mono soft">{shortTracking(p.tracking)}</p>}
        {p.state === 'held' ? <p>{t('page.held')}</p> : p.stored && <p class="soft">{t('page.since', { time: formatDateTime(p.stored, v.timezone) })}</p>}
      </div>
      {p.slot && (
        <button
          type="button"
          class="slot-tag"
          aria-pressed={active ? 'true' : 'false'}
          aria-label={t('map.slot', { slot: p.slot })}
          onClick={() => onLook(active ? undefined : p.slot)}
        >
          {p.slot}
        </button>
      )}
    </article>
  );
}

function ended(p: ResidentParcel, zone: string): string {
  const key = `page.${p.state}`;
  return hasText(key) ? t(key, { time: p.ended ? formatDateTime(p.ended, zone) : '' }) : '';
}
