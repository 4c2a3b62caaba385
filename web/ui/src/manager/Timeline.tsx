import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button } from '../lib/components';
import { language, t } from '../lib/i18n';
import type { FootageView, RoomEvent } from '../lib/types';
import { clockOf, isoOf } from './FootageVideo';
import { Icon } from './Icon';
import { names, wantResidents } from './names';
import { keep, search } from './route';
import { sentence } from './sentence';
import { failureText, guard, newest, view, zone } from './state';
import { markSigns, spanWords, TimelineLanes, type Lane } from './TimelineLanes';
import { TimelinePlayer } from './TimelinePlayer';
import { drawnKinds, laneOf, markKinds, markOf, neighbour, pan, readPlace, reveal, second, spanMost, writePlace, zoom, type Window } from './timeline';
import { momentOf, wallTime } from './zone';

const pageOfLog = 1000;
const pagesMost = 5;
const listMost = 60;

/** What every camera recorded: a lane each, events as marks, played from any instant. */
export function Timeline() {
  const first = useMemo(() => readPlace(search.value, Date.now()), []);
  const [w, setWindow] = useState<Window>({ from: first.at - first.span * (search.value ? 0.5 : 0.95), span: first.span });
  const [head, setHead] = useState(first.at);
  const [chosen, setChosen] = useState(first.camera);
  const [playing, setPlaying] = useState<{ camera: string; at: number } | undefined>(search.value && first.camera ? { camera: first.camera, at: first.at } : undefined);
  const now = useNow();
  const { footage, events, wrong } = useRecorded(w);
  const lanes = useLanes(footage, events);
  const cameras = lanes.filter((l) => l.camera);
  const camera = chosen || cameras[0]?.camera || '';
  useEffect(() => {
    const timer = setTimeout(() => keep(writePlace(head, w.span, camera)), 300);
    return () => clearTimeout(timer);
  }, [Math.round(head / 5000), w.span, camera]);

  const move = useCallback((next: Window) => setWindow({ ...next, span: Math.min(next.span, spanMost) }), []);
  const pick = (of: string, at: number, play: boolean) => {
    const where = of || camera;
    const when = Math.min(at, now);
    setHead(when);
    setChosen(where);
    setWindow((old) => reveal(old, when));
    if (play && where) setPlaying({ camera: where, at: when });
  };
  const step = (forward: boolean) => {
    const e = neighbour(events, head, forward);
    if (e) pick(laneOf(e, slotCameras()), Date.parse(e.time), false);
  };
  const other = (by: number) => {
    const i = cameras.findIndex((l) => l.camera === camera);
    setChosen(cameras[(i + by + cameras.length) % cameras.length]?.camera ?? '');
  };
  const keys: Record<string, () => void> = {
    ArrowLeft: () => pick(camera, head - w.span / 50, false),
    ArrowRight: () => pick(camera, head + w.span / 50, false),
    ArrowUp: () => other(-1),
    ArrowDown: () => other(1),
    '+': () => move(zoom(w, 0.5, head)),
    '=': () => move(zoom(w, 0.5, head)),
    '-': () => move(zoom(w, 2, head)),
    PageUp: () => step(false),
    PageDown: () => step(true),
    Home: () => move(pan(w, -1)),
    End: () => move(pan(w, 1)),
    Enter: () => pick(camera, head, true),
  };
  const inView = events.filter((e) => markOf(e) && Date.parse(e.time) >= w.from && Date.parse(e.time) <= w.from + w.span);
  return (
    <div class="timeline">
      <header class="page-head"><h1 tabIndex={-1}>{t('manager.page.timeline')}</h1></header>
      {playing && (
        <TimelinePlayer
          key={`${playing.camera} ${playing.at}`}
          camera={playing.camera}
          at={playing.at}
          now={now}
          view={footage?.find((f) => f.camera === playing.camera)}
          onTime={(at) => {
            setHead(at);
            setWindow((old) => (old.span > 10 * second ? reveal(old, at) : old));
          }}
          onClose={() => setPlaying(undefined)}
        />
      )}
      <section class="panel" aria-labelledby="lanes-title">
        <h2 id="lanes-title" class="visually-hidden">{t('manager.timeline.lanes')}</h2>
        <Controls w={w} head={head} onWindow={move} onPick={(at) => pick(camera, at, false)} onStep={step} onPlay={() => pick(camera, head, true)} />
        {wrong && <p role="alert">{wrong}</p>}
        <div
          class="lanes-focus"
          role="slider"
          tabIndex={0}
          aria-label={t('manager.timeline.slider')}
          aria-describedby="timeline-keys"
          aria-valuemin={Math.round(w.from / second)}
          aria-valuemax={Math.round((w.from + w.span) / second)}
          aria-valuenow={Math.round(head / second)}
          aria-valuetext={`${camera}, ${clockOf(head)}`}
          onKeyDown={(e) => {
            const act = keys[e.key];
            if (!act || e.ctrlKey || e.metaKey || e.altKey) return;
            e.preventDefault();
            act();
          }}
        >
          <TimelineLanes lanes={lanes} window={w} head={head} chosen={camera} now={now} onWindow={move} onPick={pick} />
        </div>
        <Legend />
        <p id="timeline-keys" class="soft">{t('manager.timeline.keys')}</p>
      </section>
      <EventList events={inView} onPlay={(e) => pick(laneOf(e, slotCameras()), Date.parse(e.time) - 3 * second, true)} />
    </div>
  );
}

function Controls({ w, head, onWindow, onPick, onStep, onPlay }: {
  w: Window; head: number; onWindow: (w: Window) => void; onPick: (at: number) => void; onStep: (forward: boolean) => void; onPlay: () => void;
}) {
  return (
    <div class="timeline-bar">
      <label class="field timeline-when">
        <span>{t('manager.timeline.when')}</span>
        <input
          class="input"
          type="datetime-local"
          step="1"
          value={wallTime(new Date(head), zone.value)}
          onChange={(e) => {
            const at = momentOf(e.currentTarget.value, zone.value);
            if (at) onPick(at.getTime());
          }}
        />
      </label>
      <div class="timeline-buttons">
        <Button onClick={() => onWindow(pan(w, -0.5))} aria-label={t('manager.timeline.earlier')}>‹</Button>
        <Button onClick={() => onWindow(zoom(w, 2, head))} aria-label={t('manager.timeline.out')}>−</Button>
        <span class="timeline-span mono">{spanWords(w.span)}</span>
        <Button onClick={() => onWindow(zoom(w, 0.5, head))} aria-label={t('manager.timeline.in')}>+</Button>
        <Button onClick={() => onWindow(pan(w, 0.5))} aria-label={t('manager.timeline.later')}>›</Button>
      </div>
      <div class="timeline-buttons">
        <Button onClick={() => onStep(false)}>{t('manager.timeline.before')}</Button>
        <Button onClick={() => onStep(true)}>{t('manager.timeline.after')}</Button>
        <Button onClick={() => { const at = Date.now(); onPick(at); onWindow({ from: at - w.span * 0.95, span: w.span }); }}>{t('manager.timeline.now')}</Button>
        <Button kind="primary" onClick={onPlay}><Icon name="play" />{t('manager.timeline.play', { time: clockOf(head) })}</Button>
      </div>
    </div>
  );
}

function Legend() {
  return (
    <ul class="legend">
      {markKinds.map((k) => <li key={k}><span class={`mark ${k}`} aria-hidden="true">{markSigns[k]}</span>{t(`manager.timeline.kind.${k}`)}</li>)}
      <li><span class="swatch footage" aria-hidden="true" />{t('manager.timeline.footage')}</li>
      <li><span class="swatch gap" aria-hidden="true" />{t('manager.timeline.gap')}</li>
      <li><span class="swatch hold" aria-hidden="true" />{t('manager.timeline.held')}</li>
    </ul>
  );
}

function EventList({ events, onPlay }: { events: RoomEvent[]; onPlay: (e: RoomEvent) => void }) {
  const list = [...events].sort((a, b) => a.time.localeCompare(b.time));
  return (
    <section class="panel" aria-labelledby="timeline-events">
      <h2 id="timeline-events">{t('manager.timeline.events', { count: list.length })}</h2>
      {list.length === 0 && <p class="soft">{t('manager.timeline.none')}</p>}
      <ol class="timeline-list">
        {list.slice(0, listMost).map((e) => (
          <li key={e.id}>
            <button type="button" class="timeline-event" onClick={() => onPlay(e)}>
              <span class={`mark ${markOf(e)}`} aria-hidden="true">{markSigns[markOf(e)!]}</span>
              <time class="mono" dateTime={e.time}>{clockOf(Date.parse(e.time))}</time>
              <span>{sentence(e, names())}</span>
              <Icon name="play" />
            </button>
          </li>
        ))}
      </ol>
      {list.length > listMost && <p class="soft">{t('manager.timeline.more', { count: list.length - listMost })}</p>}
    </section>
  );
}

const slotCameras = (): Map<string, string> => new Map(view.value?.slots.map((s) => [s.id, s.camera]) ?? []);

function useLanes(footage: FootageView[] | undefined, events: RoomEvent[]): Lane[] {
  const slots = view.value?.slots;
  return useMemo(() => {
    const ofSlot = slotCameras();
    const by = new Map<string, RoomEvent[]>();
    for (const e of events) {
      const lane = laneOf(e, ofSlot);
      by.set(lane, [...(by.get(lane) ?? []), e]);
    }
    const ids = [...new Set([...(footage ?? []).map((f) => f.camera), ...ofSlot.values()])].filter(Boolean).sort();
    return [
      { camera: '', title: t('manager.timeline.door'), view: undefined, events: by.get('') ?? [] },
      ...ids.map((id) => ({ camera: id, title: id, view: footage?.find((f) => f.camera === id), events: by.get(id) ?? [] })),
    ];
  }, [footage, events, slots, language.value]);
}

function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 2000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Footage and events of a window and as much to either side, asked for anew when that is left, something happens, or time has passed. */
function useRecorded(w: Window): { footage: FootageView[] | undefined; events: RoomEvent[]; wrong: string } {
  const [footage, setFootage] = useState<FootageView[] | undefined>();
  const [events, setEvents] = useState<RoomEvent[]>([]);
  const [wrong, setWrong] = useState('');
  const [turn, setTurn] = useState(0);
  const load = useRef(0);
  const grain = w.span / 2;
  const key = `${Math.round(w.from / grain)} ${Math.round(Math.log2(w.span))}`;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && setTurn((n) => n + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    const mine = ++load.current;
    const [from, to] = [isoOf(w.from - w.span), isoOf(w.from + 2 * w.span)];
    const timer = setTimeout(() => {
      Promise.all([guard(managerApi.footage(from, to)), eventsOf(from, to)]).then(
        ([f, e]) => {
          if (mine !== load.current) return;
          setFootage(f);
          setEvents(e);
          setWrong('');
          wantResidents(e.map((x) => x.resident));
        },
        (e: unknown) => mine === load.current && setWrong(failureText(e)),
      );
    }, 150);
    return () => clearTimeout(timer);
  }, [key, turn, newest.value?.seq]);
  return { footage, events, wrong };
}

/** The drawn events of a span, page by page. */
async function eventsOf(from: string, to: string): Promise<RoomEvent[]> {
  const all: RoomEvent[] = [];
  for (let n = 0, before: number | undefined; n < pagesMost; n++, before = all.at(-1)?.seq) {
    const page = await guard(managerApi.events({ from, to, kind: drawnKinds, limit: pageOfLog, ...(before && { before }) }));
    all.push(...page);
    if (page.length < pageOfLog) break;
  }
  return all;
}
