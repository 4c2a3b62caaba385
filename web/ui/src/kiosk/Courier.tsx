import { useEffect, useState } from 'preact/hooks';
import { Button, Dialog, PackageCard, ShelfMap } from '../lib/components';
import { t } from '../lib/i18n';
import type { Parcel, Signal, Visit } from '../lib/types';
import { Choose } from './Choose';
import { Sheet, Stage } from './panels';
import { LabelCamera } from './LabelCamera';
import { scanBarcode } from './label';
import { listenForReader } from './scanner';
import {
  act, api, busy, ownerOf, pending, scanFor, scanning, setPending, tell, unitOf, view, waiting,
} from './state';

/** A delivery: labels first, shelves then, or one by one. */
export function Courier({ visit }: { visit: Visit }) {
  const [placing, setPlacing] = useState<Parcel | undefined>();
  const [leaving, setLeaving] = useState(false);
  const v = view.value!;
  const label = pending.value?.visit === visit.id ? pending.value : undefined;
  const showCamera = !label && (scanning.value ?? (visit.phase === 'granted' && v.parcels.length === 0));
  const newest = waiting.value.at(-1);
  const camerasGone = (v.cameras ?? []).some((c) => !c.ok);
  const unplaced = waiting.value.length;
  /** Everything is scanned, the door is still shut. */
  const enterNext = visit.phase === 'granted' && v.parcels.length > 0;

  useEffect(() => listenForReader((text) => void scanBarcode(visit.id, text)), [visit.id]);

  const open = () =>
    act(async () => {
      await api.open(visit.id);
      scanning.value = false;
    });
  const end = () => act(() => api.end(visit.id));

  return (
    <main class={`split${showCamera || label ? ' looking' : ''}`}>
      <h1 class="visually-hidden">{t('courier.hello', { name: visit.name })}</h1>
      {label ? (
        <Stage class="asking">
          <Choose visit={visit} label={label} />
        </Stage>
      ) : showCamera ? (
        <Stage class="scanning">
          <LabelCamera visit={visit.id} />
        </Stage>
      ) : (
        <Stage class="map-stage">
          {v.loose[0] ? (
            <p class="put-on warn">
              <strong>{t(unplaced > 0 ? 'courier.which_title' : 'courier.loose', { slot: v.loose[0].slot ?? '' })}</strong>
            </p>
          ) : newest?.suggested ? (
            <p class="put-on">
              <strong>{t('courier.put_on', { slot: newest.suggested })}</strong>
              <span>{t('courier.put_any')}</span>
            </p>
          ) : (
            <p class="put-on">
              <strong>{t('courier.hello', { name: visit.name })}</strong>
              <span>{visit.carrier}</span>
            </p>
          )}
          <ShelfMap slots={v.slots} signals={signalsOf(v.guide.lights, waiting.value)} fullness />
        </Stage>
      )}
      <Sheet
        label={t('courier.list')}
        actions={
          <>
            <Button
              kind={enterNext ? 'secondary' : 'primary'}
              size="l"
              disabled={Boolean(label) || showCamera}
              onClick={() => {
                scanFor.value = '';
                scanning.value = true;
              }}
            >
              {t('courier.next')}
            </Button>
            <Button kind={enterNext ? 'primary' : 'secondary'} size="l" busy={busy.value} onClick={open}>
              {t('courier.open')}
            </Button>
            <Button size="l" onClick={() => (unplaced + v.loose.length > 0 ? setLeaving(true) : void end())}>
              {t('courier.done')}
            </Button>
          </>
        }
      >
        <h2>{t('courier.list')}</h2>
        {camerasGone && (
          <p class="band warn" role="alert">
            {t('courier.camera_gone')}
          </p>
        )}
        {v.parcels.length + v.loose.length === 0 && <p class="quiet-text">{t('courier.list_empty')}</p>}
        <ul class="cards" aria-live="polite">
          {v.loose.map((p) => (
            <li key={p.id}>
              <Loose parcel={p} visit={visit} />
            </li>
          ))}
          {[...v.parcels].reverse().map((p) => (
            <li key={p.id}>
              <Scanned parcel={p} visit={visit} onWhere={() => setPlacing(p)} urge={camerasGone} />
            </li>
          ))}
        </ul>
      </Sheet>
      {placing && (
        <Where
          parcel={placing}
          onClose={() => setPlacing(undefined)}
          onSlot={(slot) => {
            setPlacing(undefined);
            void act(() => api.place(visit.id, placing.id, slot));
          }}
        />
      )}
      {leaving && (
        <Dialog
          title={t('courier.done_title')}
          tone="warn"
          onClose={() => setLeaving(false)}
          actions={
            <>
              <Button
                size="l"
                onClick={() => {
                  setLeaving(false);
                  void end();
                }}
              >
                {t('courier.done_yes')}
              </Button>
              <Button kind="primary" size="l" onClick={() => setLeaving(false)}>
                {t('courier.done_no')}
              </Button>
            </>
          }
        >
          {unplaced > 0 && <p>{t('courier.done_text', { count: unplaced })}</p>}
          {v.loose.map((p) => (
            <p key={p.id}>{t(unplaced > 0 ? 'courier.which_title' : 'courier.loose', { slot: p.slot ?? '' })}</p>
          ))}
        </Dialog>
      )}
    </main>
  );
}

/** Lights as the room shows them, and a suggestion for whatever still waits. */
export function signalsOf(lights: Record<string, Signal> | undefined, wait: Parcel[]): Record<string, Signal> {
  const signals: Record<string, Signal> = {};
  for (const p of wait) if (p.suggested) signals[p.suggested] = 'suggest';
  return { ...signals, ...lights };
}

function Scanned({ parcel: p, visit, onWhere, urge }: { parcel: Parcel; visit: Visit; onWhere: () => void; urge: boolean }) {
  const wait = p.state === 'registered';
  return (
    <PackageCard
      title={ownerOf(p)}
      lines={[unitOf(p)]}
      tracking={p.tracking}
      picture={p.photo ? api.picture(p.photo) : p.label_photo ? api.picture(p.label_photo) : undefined}
      slot={wait ? p.suggested : p.slot}
      toward={wait}
      tone={wait ? 'wait' : 'ok'}
      state={wait ? t('courier.waiting') : p.slot ? `✓ ${t('courier.on', { slot: p.slot })}` : undefined}
    >
      {wait && (
        <>
          <Button onClick={() => void act(() => api.drop(visit.id, p.id))}>{t('courier.undo')}</Button>
          <Button kind={urge ? 'primary' : 'secondary'} onClick={onWhere}>
            {t('courier.where')}
          </Button>
        </>
      )}
    </PackageCard>
  );
}

/** Seen on a shelf, and no label is known to be its: one tap says which. */
function Loose({ parcel: p, visit }: { parcel: Parcel; visit: Visit }) {
  const known = new Map(waiting.value.map((w) => [w.id, w]));
  const named = (p.candidates ?? []).map((id) => known.get(id)).filter((w): w is Parcel => Boolean(w));
  const choices = named.length > 0 ? named : waiting.value;
  return (
    <PackageCard
      title={choices.length > 0 ? t('courier.which_title', { slot: p.slot ?? '' }) : t('courier.loose', { slot: p.slot ?? '' })}
      picture={p.photo ? api.picture(p.photo) : undefined}
      slot={p.slot}
      tone="warn"
    >
      {choices.map((w) => (
        <Button key={w.id} kind="primary" onClick={() => void act(() => api.join(visit.id, p.id, w.id))}>
          {[ownerOf(w), w.unit].filter(Boolean).join(' · ')}
        </Button>
      ))}
      <Button
        onClick={() => {
          setPending(undefined);
          scanFor.value = p.id;
          scanning.value = true;
          tell(t('courier.show_label'));
        }}
      >
        {t(choices.length > 0 ? 'courier.which_new' : 'courier.scan_it')}
      </Button>
    </PackageCard>
  );
}

function Where({ parcel, onSlot, onClose }: { parcel: Parcel; onSlot: (slot: string) => void; onClose: () => void }) {
  const v = view.value!;
  return (
    <Dialog wide title={t('courier.where_title')} onClose={onClose} actions={<Button size="l" onClick={onClose}>{t('cancel')}</Button>}>
      <p>{t('courier.where_text', { name: ownerOf(parcel) })}</p>
      <ShelfMap slots={v.slots} signals={signalsOf(undefined, [parcel])} highlight={parcel.suggested ? [parcel.suggested] : []} onPick={onSlot} />
    </Dialog>
  );
}
