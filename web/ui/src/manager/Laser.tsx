import { useState } from 'preact/hooks';
import { failureFrom, managerApi } from '../lib/api';
import { Button } from '../lib/components';
import { sayFailure } from '../lib/failure';
import { t } from '../lib/i18n';
import type { LaserRun, LaserStep, RoomView, Slot } from '../lib/types';
import { Field, Tag, useAction, Wrong } from './parts';
import { guard } from './state';

const limitMM = 30; // room.LaserLimitMM: a dot further off is on the next package

/** Calibrates the laser in a camera's picture, step by step, and checks it. */
export function Laser({ v }: { v: RoomView }) {
  const cameras = [...new Set(v.slots.map((s) => s.camera))].filter(Boolean).sort();
  const [chosen, setChosen] = useState('');
  const [pan, setPan] = useState(['-25', '25']);
  const [tilt, setTilt] = useState(['-40', '-5']);
  const act = useAction();
  const run = v.laser;
  const running = Boolean(run?.running);
  const camera = (running && run?.camera) || chosen || run?.camera || cameras[0] || '';
  const mine = run?.camera === camera ? run : undefined;
  const slots = v.slots.filter((s) => s.camera === camera);
  const aimed = slots.some((s) => s.aim);
  const numbers = (pair: string[]) => pair.map(Number);
  if (!camera) return null;
  return (
    <section class="panel laser" aria-labelledby="laser-title">
      <h2 id="laser-title">{t('manager.laser')}</h2>
      <ol class="laser-steps">
        <li>
          <h3>{t('manager.laser.ready')}</h3>
          <p class="soft">{t('manager.laser.ready.text')}</p>
          <p><Tag tone={v.people || v.door.state === 'open' ? 'bad' : 'ok'}>{t(v.people || v.door.state === 'open' ? 'manager.laser.people' : 'manager.laser.empty')}</Tag></p>
        </li>
        <li>
          <h3>{t('manager.laser.measure')}</h3>
          <p class="soft">{t('manager.laser.measure.text')}</p>
          <form class="laser-form" onSubmit={(e) => { e.preventDefault(); void act.run(() => guard(managerApi.calibrateLaser(camera, numbers(pan), numbers(tilt)))); }}>
            <Field label={t('manager.laser.camera')}>
              {(a) => (
                <select {...a} class="input mono" value={camera} disabled={running} onChange={(e) => setChosen(e.currentTarget.value)}>
                  {cameras.map((c) => <option key={c} value={c}>{c}</option>)}
                </select>
              )}
            </Field>
            <Angles labels={[t('manager.laser.pan.from'), t('manager.laser.pan.to')]} pair={pan} onPair={setPan} />
            <Angles labels={[t('manager.laser.tilt.from'), t('manager.laser.tilt.to')]} pair={tilt} onPair={setTilt} />
            {running
              ? <Button kind="danger" onClick={() => void act.run(() => guard(managerApi.stopLaser()))}>{t('manager.laser.stop')}</Button>
              : <Button kind="primary" type="submit" busy={act.busy}>{t('manager.laser.begin')}</Button>}
          </form>
          <Wrong text={act.wrong} />
        </li>
        <li>
          <h3>{t('manager.laser.result')}</h3>
          <p role="status">{mine ? word(mine) : t('manager.laser.result.none')}</p>
          <Still camera={camera} slots={slots} run={mine} />
          {mine?.check && <Misses steps={mine.steps} />}
          <div class="laser-acts">
            {mine?.fit && !mine.kept && <Button kind="primary" busy={act.busy} onClick={() => void act.run(() => guard(managerApi.keepLaser()))}>{t('manager.laser.keep')}</Button>}
            {aimed && !running && <Button busy={act.busy} onClick={() => void act.run(() => guard(managerApi.checkLaser(camera)))}>{t('manager.laser.check')}</Button>}
          </div>
        </li>
      </ol>
    </section>
  );
}

function Angles({ labels, pair, onPair }: { labels: [string, string]; pair: string[]; onPair: (pair: string[]) => void }) {
  const input = (i: 0 | 1) => (
    <Field label={labels[i]} class="angle">
      {(a) => <input {...a} class="input mono" type="number" required min={-180} max={180} step="any" value={pair[i]} onInput={(e) => onPair(pair.map((p, j) => (j === i ? e.currentTarget.value : p)))} />}
    </Field>
  );
  return <>{input(0)}{input(1)}</>;
}

/** How a run went, or goes. */
function word(run: LaserRun): string {
  const seen = run.steps.filter((s) => s.at).length;
  if (run.running) return t('manager.laser.running', { at: run.steps.length, count: run.planned, seen });
  if (run.failed) return sayFailure(failureFrom(run.failed));
  if (run.check) return t((run.mm ?? 0) > limitMM ? 'manager.laser.off' : 'manager.laser.good', { mm: Math.round(run.mm ?? 0), limit: limitMM });
  const values = { used: run.fit?.used ?? 0, left: run.fit?.outliers?.length ?? 0, px: (run.fit?.residual_px ?? 0).toFixed(2), mm: (run.mm ?? 0).toFixed(1) };
  return t(run.kept ? 'manager.laser.kept' : 'manager.laser.fit', values);
}

/** The camera's still with its slots, and the dots that were found. */
function Still({ camera, slots, run }: { camera: string; slots: Slot[]; run: LaserRun | undefined }) {
  const [turn, setTurn] = useState(1);
  const [size, setSize] = useState<[number, number] | undefined>();
  const dots = (run?.steps ?? []).filter((s): s is LaserStep & { at: [number, number] } => Boolean(s.at));
  return (
    <figure class="laser-still">
      <div>
        <img src={`${managerApi.snapshot(camera)}?laser=${turn}`} alt={t('manager.camera.picture', { camera })}
          onLoad={(e) => setSize([e.currentTarget.naturalWidth, e.currentTarget.naturalHeight])} />
        {size && (
          <svg viewBox={`0 0 ${run?.width || size[0]} ${run?.height || size[1]}`} preserveAspectRatio="none" aria-hidden="true">
            {dots.map((s, i) => (
              <circle key={i} cx={s.at[0]} cy={s.at[1]} r={(run?.width || size[0]) / 90} class={(s.miss_mm ?? 0) > limitMM || run?.fit?.outliers?.includes(i) ? 'bad' : ''} />
            ))}
          </svg>
        )}
      </div>
      <figcaption class="soft">
        {t('manager.laser.still', { count: dots.length, slots: slots.map((s) => s.id).join(', ') })}{' '}
        <Button kind="quiet" onClick={() => setTurn(turn + 1)}>{t('manager.laser.still.again')}</Button>
      </figcaption>
    </figure>
  );
}

function Misses({ steps }: { steps: LaserStep[] }) {
  return (
    <ul class="misses">
      {steps.map((s) => {
        const far = !s.at || (s.miss_mm ?? 0) > limitMM;
        return (
          <li key={s.slot}>
            <span class="mono">{s.slot}</span>{' '}
            <Tag tone={far ? 'bad' : 'ok'}>{s.at ? t('manager.laser.mm', { mm: Math.round(s.miss_mm ?? 0) }) : t('manager.laser.unseen')}</Tag>
          </li>
        );
      })}
    </ul>
  );
}
