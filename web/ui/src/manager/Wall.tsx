import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button } from '../lib/components';
import { t } from '../lib/i18n';
import type { CameraHealth, CameraView } from '../lib/types';
import { LiveView } from './LiveView';
import { Tag } from './parts';
import { keep, search } from './route';
import { word } from './sentence';
import { view } from './state';
import { columnsFor, tileBy, wallMost } from './tiles';

/** Every camera at once, live, by its small stream; one of them large, by its own. */
export function Wall() {
  const all = useCameras();
  const [turn, setTurn] = useState(0);
  const one = new URLSearchParams(search.value).get('camera') ?? '';
  const shown = useMemo(() => all?.slice(turn * wallMost, (turn + 1) * wallMost) ?? [], [all, turn]);
  const back = useRef('');
  const open = (camera: string) => {
    back.current = camera || one;
    keep(camera ? `?camera=${encodeURIComponent(camera)}` : '');
  };
  const large = all?.find((c) => c.id === one);
  return (
    <div class="wall-page">
      <header class="page-head">
        <h1 tabIndex={-1}>{t('manager.page.cameras')}</h1>
        {all && all.length > wallMost && !large && <Turns turn={turn} of={Math.ceil(all.length / wallMost)} onTurn={setTurn} />}
      </header>
      {!all && <p class="soft" aria-busy="true">{t('loading')}</p>}
      {all?.length === 0 && <p class="soft">{t('manager.cameras.none')}</p>}
      {all && large && <One all={all} camera={large} onOpen={open} />}
      {all && !large && <Grid cameras={shown} focus={back.current} onOpen={open} />}
    </div>
  );
}

/** The cameras as the vision service has them, with the room's word on their health as it changes. */
function useCameras(): CameraView[] | undefined {
  const [all, setAll] = useState<CameraView[] | undefined>();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const load = () =>
      void managerApi.cameras().then((c) => !over && setAll(c)).catch(() => undefined).finally(() => {
        if (!over) timer = setTimeout(load, 10_000);
      });
    load();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, []);
  const health = view.value?.cameras;
  return useMemo(() => all?.map((c) => ({ ...c, health: newer(c.health, health?.find((h) => h.camera === c.id)) })), [all, health]);
}

const newer = (a: CameraHealth, b?: CameraHealth): CameraHealth => (b && Date.parse(b.at) > Date.parse(a.at) ? b : a);

function Grid({ cameras, focus, onOpen }: { cameras: CameraView[]; focus: string; onOpen: (camera: string) => void }) {
  const columns = columnsFor(cameras.length);
  const [at, setAt] = useState(() => Math.max(0, cameras.findIndex((c) => c.id === focus)));
  const list = useRef<HTMLUListElement>(null);
  const tile = (i: number) => list.current?.querySelectorAll<HTMLElement>('.tile-open')[i];
  useEffect(() => {
    if (focus) tile(at)?.focus(); // back from the large picture
  }, []);
  return (
    <>
      <p class="soft" id="wall-how">{t('manager.wall.how')}</p>
      <ul
        ref={list}
        class="wall"
        data-columns={columns}
        aria-describedby="wall-how"
        onKeyDown={(e) => {
          const to = tileBy(e.key, at, cameras.length, columns);
          if (to === at || !(e.target as HTMLElement).classList.contains('tile-open')) return;
          e.preventDefault();
          setAt(to);
          tile(to)?.focus();
        }}
      >
        {cameras.map((c, i) => (
          <li key={c.id} class="tile">
            <LiveView camera={c.id} stream="sub" autoplay words={reason(c)} />
            <div class="tile-line">
              <button type="button" class="tile-open" tabIndex={i === at ? 0 : -1} onFocus={() => setAt(i)} onClick={() => onOpen(c.id)}>
                <span class="visually-hidden">{t('manager.wall.open')} </span>
                <span class="mono">{c.id}</span>
              </button>
              <State camera={c} />
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

function One({ all, camera, onOpen }: { all: CameraView[]; camera: CameraView; onOpen: (camera: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const i = all.indexOf(camera);
  const step = (by: number) => onOpen(all[(i + by + all.length) % all.length]!.id);
  useEffect(() => box.current?.querySelector<HTMLElement>('h2')?.focus(), [camera.id]);
  return (
    <div
      ref={box}
      class="wall-one"
      onKeyDown={(e) => {
        if (e.key === 'Escape' && !document.fullscreenElement) onOpen('');
        else if (e.key === 'ArrowLeft') step(-1);
        else if (e.key === 'ArrowRight') step(1);
        else return;
        e.preventDefault();
      }}
    >
      <div class="wall-one-head">
        <Button onClick={() => onOpen('')}>{t('manager.wall.back')}</Button>
        <h2 class="mono" tabIndex={-1}>{camera.id}</h2>
        <State camera={camera} />
        {camera.width > 0 && <span class="soft">{t('manager.wall.size', { width: camera.width, height: camera.height, fps: Math.round(camera.fps) })}</span>}
        <Button kind="quiet" onClick={() => step(-1)}>{t('manager.wall.previous')}</Button>
        <Button kind="quiet" onClick={() => step(1)}>{t('manager.wall.next')}</Button>
      </div>
      <LiveView key={camera.id} camera={camera.id} autoplay words={reason(camera)} />
    </div>
  );
}

/** Why a camera shows nothing, where that is known. */
const reason = (c: CameraView) => (c.health.ok || !c.health.detail ? {} : { waiting: c.health.detail });

function State({ camera }: { camera: CameraView }) {
  const { ok, problem, detail } = camera.health;
  return (
    <p class="tile-state" aria-live="polite">
      <Tag tone={ok ? 'ok' : 'bad'}>{ok ? t('manager.camera.ok') : word('manager.problem', problem ?? 'lost')}</Tag>
      {!ok && detail && <span class="soft">{detail}</span>}
    </p>
  );
}

function Turns({ turn, of, onTurn }: { turn: number; of: number; onTurn: (n: number) => void }) {
  return (
    <p class="wall-turns">
      {Array.from({ length: of }, (_, n) => (
        <Button key={n} kind={n === turn ? 'secondary' : 'quiet'} aria-pressed={n === turn} onClick={() => onTurn(n)}>
          {t('manager.wall.part', { from: n * wallMost + 1, to: (n + 1) * wallMost })}
        </Button>
      ))}
    </p>
  );
}
