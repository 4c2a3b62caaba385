import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button } from '../lib/components';
import { language, t } from '../lib/i18n';
import type { RoomEvent } from '../lib/types';
import { eventQuery, readFilter, upsideDown, writeFilter, type Filter } from './filter';
import { FilterForm } from './FilterForm';
import { Icon } from './Icon';
import { evidence } from './Incidents';
import { names, wantResidents } from './names';
import { ClipDialog, Thumbs } from './Pictures';
import { keep, Link, search } from './route';
import { cameraOf, dataOf, detail, kindWord, sentence } from './sentence';
import { failureText, guard, newest, view, zone } from './state';

const pageSize = 50;

/** The event log: every row a sentence, with what proves it. */
export function Log() {
  const filter = useMemo(() => readFilter(search.value), [search.value]);
  const [rows, setRows] = useState<RoomEvent[] | undefined>();
  const [more, setMore] = useState(false);
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const [turn, setTurn] = useState(0);
  const [clip, setClip] = useState<{ camera: string; at: string; title: string } | undefined>();
  const load = useRef(0);
  const top = rows?.[0]?.seq ?? 0;
  const seen = useRef(0);
  const fresh = newest.value && rows && newest.value.seq > Math.max(top, seen.current) ? newest.value.seq : 0;

  const ask = async (before?: number) => {
    const mine = ++load.current;
    if (upsideDown(filter)) {
      setWrong(t('manager.log.upside_down'));
      return;
    }
    setBusy(true);
    try {
      const got = await guard(managerApi.events(eventQuery(filter, zone.value, new Date(), pageSize + 1, before)));
      if (mine !== load.current) return;
      const page = got.slice(0, pageSize);
      setMore(got.length > pageSize);
      setRows((old) => (before ? [...(old ?? []), ...page] : page));
      if (!before) seen.current = newest.value?.seq ?? 0;
      wantResidents(page.map((e) => e.resident));
      setWrong('');
    } catch (e) {
      if (mine === load.current) setWrong(failureText(e));
    } finally {
      if (mine === load.current) setBusy(false);
    }
  };
  useEffect(() => void ask(), [filter, turn]);

  const days = useMemo(() => byDay(rows ?? [], zone.value), [rows, language.value, zone.value]);
  const cameras = new Map(view.value?.slots.map((s) => [s.id, s.camera]) ?? []);
  const anyCamera = [...new Set(cameras.values())].sort()[0] ?? ''; // of what no camera reported, the first one's footage
  return (
    <div class="log">
      <header class="page-head"><h1 tabIndex={-1}>{t('manager.page.log')}</h1></header>
      <FilterForm filter={filter} onChange={(f: Filter) => keep(writeFilter(f))} />
      <div class="log-bar">
        <p role="status">{wrong || (rows && !busy ? t('manager.log.shown', { count: rows.length }) : t('loading'))}</p>
        <Button class={fresh ? '' : 'hidden'} disabled={!fresh} onClick={() => setTurn((n) => n + 1)}>{t('manager.log.fresh')}</Button>
      </div>
      {rows?.length === 0 && <p class="soft">{t('manager.log.none')}</p>}
      {days.map(([day, list]) => (
        <section key={day} aria-label={day}>
          <h2 class="day">{day}</h2>
          <ol class="events">
            {list.map((e) => (
              <Row key={e.id} e={e} camera={cameraOf(e) || cameras.get(e.slot ?? '') || anyCamera} onClip={setClip} />
            ))}
          </ol>
        </section>
      ))}
      {more && <Button wide busy={busy} onClick={() => void ask(rows?.at(-1)?.seq)}>{t('manager.more')}</Button>}
      {clip && <ClipDialog {...clip} onClose={() => setClip(undefined)} />}
    </div>
  );
}

function Row({ e, camera, onClip }: { e: RoomEvent; camera: string; onClip: (c: { camera: string; at: string; title: string }) => void }) {
  const text = sentence(e, names());
  const more = detail(e);
  const label = ofLabel(e) ? [t('manager.picture.label')] : evidence();
  return (
    <li class={`event ${weight(e)}`}>
      <time dateTime={e.time} class="mono">{clock(e.time)}</time>
      <div class="event-text">
        <p>{text}</p>
        {more && <p class="soft">{more}</p>}
        <p class="event-links">
          {e.carrier && <Link to="log" query={`?carrier=${encodeURIComponent(e.carrier)}`}>{e.carrier}</Link>}
          {e.resident && <Link to="log" query={`?resident=${encodeURIComponent(e.resident)}`}>{names().resident(e.resident) || t('manager.who.resident')}</Link>}
          {e.parcel && <Link to="log" query={`?parcel=${encodeURIComponent(e.parcel)}`}>{t('manager.log.package')}</Link>}
          {e.visit && <Link to="log" query={`?visit=${encodeURIComponent(e.visit)}`}>{t('manager.log.visit')}</Link>}
          {e.by && <span>{t('manager.log.by', { by: e.by })}</span>}
        </p>
      </div>
      <Thumbs refs={e.pictures ?? []} labels={label} />
      {camera && (
        <Button kind="quiet" class="clip" onClick={() => onClip({ camera, at: e.time, title: text })}>
          <Icon name="play" />{t('manager.clip')}
          <span class="visually-hidden">: {text}</span>
        </Button>
      )}
    </li>
  );
}

/** Whether the event's picture is that of a label. */
const ofLabel = (e: RoomEvent): boolean =>
  kindWord(e.kind) === 'parcel.registered' || e.reason === 'scan_without_placement' || dataOf(e)['by_hand'] === true;

const weight = (e: RoomEvent): string =>
  /^(incident\.opened|parcel\.missing|access\.denied|camera\.lost|door\.refused)/.test(e.kind) || e.reason === 'forced' ? 'bad'
    : /^(parcel\.unidentified|parcel\.taken|prompt\.spoken)/.test(e.kind) ? 'warn' : '';

function clock(iso: string): string {
  return new Intl.DateTimeFormat(language.value, { timeZone: zone.value, hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(iso));
}

function byDay(rows: RoomEvent[], timeZone: string): [string, RoomEvent[]][] {
  const format = new Intl.DateTimeFormat(language.value, { timeZone, weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' });
  const out: [string, RoomEvent[]][] = [];
  for (const e of rows) {
    const day = format.format(new Date(e.time));
    const last = out.at(-1);
    if (last?.[0] === day) last[1].push(e);
    else out.push([day, [e]]);
  }
  return out;
}
