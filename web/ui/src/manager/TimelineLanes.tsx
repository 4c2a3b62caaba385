import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { language, t } from '../lib/i18n';
import type { FootageView, RoomEvent } from '../lib/types';
import { clockOf, isoOf } from './FootageVideo';
import { names } from './names';
import { sentence } from './sentence';
import { zone } from './state';
import { day, gaps, hour, marks, minute, pan, place, second, ticks, zoom, type Mark, type MarkKind, type Window } from './timeline';

/** What each kind of mark looks like: its form tells it, its colour helps. */
export const markSigns: Record<MarkKind, string> = { incident: '!', entry: '◆', placed: '▲', removed: '▼', moved: '●', clip: '◎' };

export interface Lane {
  camera: string;
  title: string;
  view: FootageView | undefined;
  events: RoomEvent[];
}

interface Props {
  lanes: Lane[];
  window: Window;
  head: number;
  chosen: string;
  now: number;
  onWindow: (w: Window) => void;
  onPick: (camera: string, at: number, play: boolean) => void;
}

/** A lane a camera over one stretch of time, with marks, gaps, holds and the playhead. */
export function TimelineLanes({ lanes, window: w, head, chosen, now, onWindow, onPick }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [hover, setHover] = useState<{ lane: Lane; at: number; x: number } | undefined>();
  const shown = useRef(w);
  shown.current = w;
  useWheel(box, shown, onWindow);
  const drag = useRef<{ x: number; from: number; moved: boolean } | undefined>(undefined);
  const momentAt = (e: PointerEvent | MouseEvent, track: HTMLElement) => {
    const r = track.getBoundingClientRect();
    return w.from + Math.min(1, Math.max(0, (e.clientX - r.left) / r.width)) * w.span;
  };
  return (
    <div class="lanes" ref={box}>
      <Ruler w={w} />
      {lanes.map((lane) => (
        <div key={lane.camera} class={`lane${lane.camera && lane.camera === chosen ? ' chosen' : ''}`}>
          <p class="lane-name mono">{lane.title}</p>
          <div
            class="track"
            onPointerDown={(e) => {
              drag.current = { x: e.clientX, from: w.from, moved: false };
              e.currentTarget.setPointerCapture(e.pointerId);
            }}
            onPointerMove={(e) => {
              const d = drag.current;
              if (!d) return setHover({ lane, at: momentAt(e, e.currentTarget), x: e.clientX });
              const dx = e.clientX - d.x;
              if (Math.abs(dx) > 4) d.moved = true;
              if (d.moved) onWindow({ ...w, from: d.from - (dx / e.currentTarget.clientWidth) * w.span });
            }}
            onPointerUp={(e) => {
              const d = drag.current;
              drag.current = undefined;
              if (d && !d.moved && e.button === 0) onPick(lane.camera, momentAt(e, e.currentTarget), true);
            }}
            onPointerCancel={() => { drag.current = undefined; }}
            onPointerLeave={() => setHover(undefined)}
          >
            <Footing lane={lane} w={w} now={now} />
            <Marks lane={lane} w={w} />
            {place(w, head) >= 0 && place(w, head) <= 100 && <span class="playhead" style={{ left: `${place(w, head)}%` }} />}
          </div>
        </div>
      ))}
      {hover && <Glance {...hover} box={box.current} w={w} />}
    </div>
  );
}

/** The wheel zooms at the pointer; sideways, or with shift, it pans. */
function useWheel(box: { current: HTMLDivElement | null }, w: { current: Window }, onWindow: (w: Window) => void) {
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const onWheel = (e: WheelEvent) => {
      const track = el.querySelector<HTMLElement>('.track');
      if (!track || (!e.ctrlKey && !el.contains(document.activeElement) && e.deltaX === 0 && !e.shiftKey)) return; // the page scrolls
      e.preventDefault();
      const r = track.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (e.clientX - r.left) / r.width));
      const side = e.deltaX || (e.shiftKey ? e.deltaY : 0);
      onWindow(side ? pan(w.current, side / r.width) : zoom(w.current, Math.exp(e.deltaY / 300), w.current.from + share * w.current.span));
    };
    el.addEventListener('wheel', onWheel, { passive: false });
    return () => el.removeEventListener('wheel', onWheel);
  }, [onWindow]);
}

/** How far the property's clocks are ahead of UTC at a moment. */
export function offsetOf(at: number): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone.value, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  }).formatToParts(new Date(at));
  const n = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return Date.UTC(n('year'), n('month') - 1, n('day'), n('hour'), n('minute'), n('second')) - Math.floor(at / second) * second;
}

function Ruler({ w }: { w: Window }) {
  const list = ticks(w, 8, offsetOf);
  const name = (at: number, step: number) => new Intl.DateTimeFormat(language.value, {
    timeZone: zone.value, hour: 'numeric', ...(step < day && { minute: '2-digit' }), ...(step < minute && { second: '2-digit' }),
  }).format(new Date(at));
  return (
    <div class="ruler" aria-hidden="true">
      {list.map(({ at, step }) => place(w, at) < 97 && <span key={at} class="mono" style={{ left: `${place(w, at)}%` }}>{name(at, step)}</span>)}
    </div>
  );
}

/** What is recorded, what is not, what is held, and what has not been yet. */
function Footing({ lane, w, now }: { lane: Lane; w: Window; now: number }) {
  const box = (from: number, to: number) => {
    const left = Math.max(0, place(w, from));
    return { left: `${left}%`, width: `${Math.max(0.15, Math.min(100, place(w, to)) - left)}%` };
  };
  const missing = useMemo(() => (lane.view ? gaps(lane.view.spans, w, now) : []), [lane.view, w.from, w.span, now]);
  return (
    <>
      {lane.view?.spans.map((s) => <span key={s.from} class="footage" style={box(Date.parse(s.from), Date.parse(s.to))} />)}
      {missing.map((g) => <span key={g.from} class="gap" style={box(g.from, g.to)} />)}
      {lane.view?.holds.map((h) => <span key={h.id} class="hold" style={box(Date.parse(h.from), Date.parse(h.to))} />)}
      {now < w.from + w.span && <span class="future" style={box(now, w.from + w.span)} />}
    </>
  );
}

function Marks({ lane, w }: { lane: Lane; w: Window }) {
  const list = useMemo(() => marks(lane.events, w), [lane.events, w.from, w.span]);
  return (
    <>
      {list.map((m) => {
        const left = place(w, m.at);
        if (left < 0 || left > 100) return null;
        return (
          <span key={m.events[0]!.id} class={`mark ${m.kind}`} style={{ left: `${left}%` }} aria-hidden="true">
            {markSigns[m.kind]}{m.events.length > 1 && <small>{m.events.length}</small>}
          </span>
        );
      })}
    </>
  );
}

/** A small picture of the moment under the pointer, and what happened there. */
function Glance({ lane, at, x, box, w }: { lane: Lane; at: number; x: number; box: HTMLElement | null; w: Window }) {
  const [settled, setSettled] = useState(at);
  const [broken, setBroken] = useState(false);
  const rounded = Math.round(at / second) * second;
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(rounded);
      setBroken(false);
    }, 120);
    return () => clearTimeout(timer);
  }, [rounded]);
  const near: Mark | undefined = marks(lane.events, w).find((m) => Math.abs(place(w, m.at) - place(w, at)) < 1);
  const r = box?.getBoundingClientRect();
  const left = r ? Math.min(Math.max(x - r.left, 130), r.width - 130) : 0;
  return (
    <div class="glance" style={{ left: `${left}px` }} aria-hidden="true">
      {lane.camera && !broken && <img src={managerApi.still(lane.camera, isoOf(settled))} alt="" width="240" height="135" onError={() => setBroken(true)} />}
      {lane.camera && broken && <p class="glance-none">{t('manager.footage.none_here')}</p>}
      <p class="mono">{clockOf(at)}</p>
      {near?.events.slice(0, 3).map((e) => <p key={e.id} class="glance-event">{markSigns[near.kind]} {sentence(e, names())}</p>)}
    </div>
  );
}

/** A span in words: 1 h 30 min. */
export function spanWords(ms: number): string {
  if (ms >= hour) return t('manager.timeline.hours', { count: Math.round((ms / hour) * 10) / 10 });
  if (ms >= minute) return t('manager.timeline.minutes', { count: Math.round((ms / minute) * 10) / 10 });
  return t('manager.timeline.seconds', { count: Math.round(ms / second) });
}
