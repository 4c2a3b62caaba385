import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button, Dialog } from '../lib/components';
import { t } from '../lib/i18n';
import type { Certificate, FootageView, Hold } from '../lib/types';
import { clockOf, FootageVideo, isoOf } from './FootageVideo';
import { Field, ReasonDialog, Tag, useAction, Wrong } from './parts';
import { failureText, guard, session } from './state';
import { nextFootage, second } from './timeline';

/** How much is asked for at once: faces are covered while what is before plays. */
const pieceMs = 20 * second;

export const supervises = (): boolean => session.value?.manager?.role === 'supervisor';

/** Plays a camera from an instant on, piece after piece, over gaps. */
export function TimelinePlayer({ camera, at, now, view, onTime, onClose }: {
  camera: string;
  at: number;
  now: number;
  view: FootageView | undefined;
  onTime: (at: number) => void;
  onClose: () => void;
}) {
  const [from, setFrom] = useState(at);
  const [head, setHead] = useState(at);
  const [passes, setPasses] = useState<Record<number, string>>({});
  const [plain, setPlain] = useState(false);
  const [dialog, setDialog] = useState<'export' | 'hold' | undefined>();
  const [wrong, setWrong] = useState('');
  const to = from + pieceMs;
  const pass = passes[from];
  const held = view?.holds.find((h) => Date.parse(h.from) <= head && Date.parse(h.to) > head);

  useEffect(() => {
    if (!plain || pass) return;
    guard(managerApi.viewFootage(camera, isoOf(from), isoOf(to))).then(
      (r) => setPasses((old) => ({ ...old, [from]: r.pass })),
      (e: unknown) => {
        setWrong(failureText(e));
        setPlain(false);
      },
    );
  }, [plain, from, pass]);
  useEffect(() => { // the next piece is made while this one plays
    if (plain || to > now) return;
    const timer = setTimeout(() => void managerApi.clipAbout(camera, isoOf(to), isoOf(to + pieceMs)).catch(() => undefined), 2000);
    return () => clearTimeout(timer);
  }, [from, plain, camera]);

  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), []);

  const goOn = () => {
    const after = Math.max(to, head);
    const next = nextFootage(view, after);
    if (next !== undefined && next < now - second) setFrom(Math.max(after, next));
  };
  return (
    <section ref={box} class="panel player" aria-labelledby="player-title">
      <div class="player-head">
        <h2 id="player-title"><span class="mono">{camera}</span> <time class="mono">{clockOf(head)}</time></h2>
        <p>{plain ? <Tag tone="warn">{t('manager.footage.plain')}</Tag> : <Tag tone="ok">{t('manager.footage.covered')}</Tag>}</p>
        {held && <p><Tag tone="info">{t('manager.footage.held')}</Tag></p>}
      </div>
      {(!plain || pass) && (
        <FootageVideo
          camera={camera}
          from={from}
          to={to}
          {...(plain && pass && { pass })}
          label={t('manager.footage.of', { camera })}
          onTime={(m) => {
            setHead(m);
            onTime(m);
          }}
          onEnd={goOn}
        />
      )}
      <Wrong text={wrong} />
      <div class="player-acts">
        <Button onClick={() => setFrom(head - 10 * second)}>{t('manager.footage.back')}</Button>
        <Button onClick={goOn}>{t('manager.footage.next')}</Button>
        {supervises() && (
          <Button onClick={() => setPlain(!plain)} aria-pressed={plain ? 'true' : 'false'}>{t('manager.footage.see_faces')}</Button>
        )}
        <Button onClick={() => setDialog('export')}>{t('manager.footage.export')}</Button>
        {supervises() && <Button onClick={() => setDialog('hold')}>{t(held ? 'manager.footage.release' : 'manager.footage.hold')}</Button>}
        <Button kind="quiet" onClick={onClose}>{t('close')}</Button>
      </div>
      {dialog === 'export' && <ExportDialog camera={camera} at={head} onClose={() => setDialog(undefined)} />}
      {dialog === 'hold' && <HoldDialog camera={camera} at={head} held={held} onClose={() => setDialog(undefined)} />}
    </section>
  );
}

function Seconds({ label, value, onChange }: { label: string; value: number; onChange: (s: number) => void }) {
  return (
    <Field label={label}>
      {(a) => <input {...a} class="input" type="number" min={0} max={150} required value={value} onInput={(e) => onChange(Number(e.currentTarget.value))} />}
    </Field>
  );
}

/** Takes footage away: the file, and the certificate of its place in the log. */
export function ExportDialog({ camera, at, onClose }: { camera: string; at: number; onClose: () => void }) {
  const [before, setBefore] = useState(10);
  const [after, setAfter] = useState(20);
  const [plain, setPlain] = useState(false);
  const [made, setMade] = useState<{ file: string; certificate: Certificate } | undefined>();
  const { busy, wrong, run } = useAction();
  const form = useId();
  const from = isoOf(at - before * second);
  const send = () => run(async () => setMade(await guard(managerApi.exportFootage({ camera, from, to: isoOf(at + after * second), plain }))));
  return (
    <Dialog
      title={t('manager.footage.export.title', { camera, time: clockOf(at) })}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t(made ? 'close' : 'cancel')}</Button>
          {!made && <Button kind="primary" type="submit" form={form} busy={busy}>{t(busy ? 'manager.footage.export.busy' : 'manager.footage.export.do')}</Button>}
        </>
      }
    >
      {made ? <Made name={`${camera}-${from.slice(0, 19).replaceAll(/[-:]/g, '')}Z`} {...made} /> : (
        <form id={form} class="stack" onSubmit={(e) => { e.preventDefault(); void send(); }}>
          <p>{t('manager.footage.export.text')}</p>
          <div class="two-fields">
            <Seconds label={t('manager.footage.seconds_before')} value={before} onChange={setBefore} />
            <Seconds label={t('manager.footage.seconds_after')} value={after} onChange={setAfter} />
          </div>
          {supervises() && (
            <label class="check"><input type="checkbox" checked={plain} onChange={(e) => setPlain(e.currentTarget.checked)} /> {t('manager.footage.export.plain')}</label>
          )}
          <Wrong text={wrong} />
        </form>
      )}
    </Dialog>
  );
}

function Made({ name, file, certificate }: { name: string; file: string; certificate: Certificate }) {
  const [url, setURL] = useState('');
  useEffect(() => {
    const u = URL.createObjectURL(new Blob([JSON.stringify(certificate, null, 2), '\n'], { type: 'application/json' }));
    setURL(u);
    return () => URL.revokeObjectURL(u);
  }, [certificate]);
  return (
    <div class="made" role="status">
      <p>{t('manager.footage.export.done', { seq: certificate.entry.seq })}</p>
      <p class="mono hash">{certificate.footage.sha256}</p>
      <p class="player-acts">
        <a class="button secondary size-m" href={file} download={`${name}.mp4`}>{t('manager.footage.export.file')}</a>
        <a class="button secondary size-m" href={url} download={`${name}.certificate.json`}>{t('manager.footage.export.certificate')}</a>
      </p>
    </div>
  );
}

/** Places or lifts a hold around a moment. */
function HoldDialog({ camera, at, held, onClose }: { camera: string; at: number; held: Hold | undefined; onClose: () => void }) {
  if (held) {
    return (
      <ReasonDialog
        title={t('manager.footage.release.title', { from: clockOf(Date.parse(held.from)), to: clockOf(Date.parse(held.to)) })}
        text={t('manager.footage.held_for', { reason: held.reason, by: held.by ?? '?' })}
        send={t('manager.footage.release')}
        onSend={(reason) => guard(managerApi.releaseFootage(held.id, reason))}
        onClose={onClose}
      />
    );
  }
  return (
    <ReasonDialog
      title={t('manager.footage.hold.title', { camera, from: clockOf(at - 60 * second), to: clockOf(at + 60 * second) })}
      text={t('manager.footage.hold.text')}
      send={t('manager.footage.hold')}
      onSend={(reason) => guard(managerApi.holdFootage({ camera, from: isoOf(at - 60 * second), to: isoOf(at + 60 * second), reason }))}
      onClose={onClose}
    />
  );
}

