import { useMemo, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button, ShelfMap } from '../lib/components';
import { t } from '../lib/i18n';
import type { Parcel, RoomView, Signal } from '../lib/types';
import { Cameras } from './Cameras';
import { DoorState } from './DoorState';
import { Incidents } from './Incidents';
import { Thumbs } from './Pictures';
import { Note, ParcelLines, parcelTitle, picturesOf, Tag, toneOf } from './parts';
import { Resolve } from './Resolve';
import { bySlot, fits, needsDeciding } from './room';
import { Link } from './route';
import { Services } from './Services';
import { view } from './state';
import { Visits } from './Visits';

/** The room as it is: where packages lie, who is inside, what a person must decide. */
export function Now() {
  const v = view.value;
  const [resolving, setResolving] = useState<Parcel | undefined>();
  return (
    <div class="now">
      <header class="page-head">
        <h1 tabIndex={-1}>{t('manager.page.now')}</h1>
        {v && <DoorState door={v.door} people={v.people} />}
      </header>
      {v ? (
        <>
          <Shelves v={v} onResolve={setResolving} />
          <section class="todo" aria-labelledby="todo-title">
            <h2 id="todo-title">{t('manager.todo')}</h2>
            <Todo v={v} onResolve={setResolving} />
          </section>
          <Visits v={v} />
          <Cameras v={v} />
          <Services />
        </>
      ) : (
        <p class="soft" aria-busy="true">{t('loading')}</p>
      )}
      {resolving && <Resolve parcel={resolving} onClose={() => setResolving(undefined)} />}
    </div>
  );
}

function Shelves({ v, onResolve }: { v: RoomView; onResolve: (p: Parcel) => void }) {
  const [slot, setSlot] = useState<string | undefined>();
  const [q, setQ] = useState('');
  const here = useMemo(() => bySlot(v), [v]);
  const found = q.trim() ? v.parcels.filter((p) => fits(p, q)) : undefined;
  const counts: Record<string, number> = {};
  const signals: Record<string, Signal> = {};
  for (const [s, ps] of Object.entries(here)) {
    counts[s] = ps.length;
    if (ps.some((p) => p.state === 'unidentified')) signals[s] = 'warn';
  }
  for (const [s, light] of Object.entries(v.guide.lights ?? {})) if (light !== 'off') signals[s] = light;
  const total = Object.values(counts).reduce((a, b) => a + b, 0);
  const list = found ?? (slot ? (here[slot] ?? []) : []);
  const title = found
    ? t('manager.found', { count: found.length })
    : slot ? t('map.slot', { slot }) : t('manager.shelf.none');
  return (
    <section class="stage" aria-labelledby="shelves-title">
      <div class="stage-head">
        <h2 id="shelves-title">{t('manager.shelves')} <span class="soft-on-dark">{t('manager.shelves.count', { count: total })}</span></h2>
        <input
          class="input"
          type="search"
          aria-label={t('manager.find')}
          placeholder={t('manager.find')}
          value={q}
          onInput={(e) => setQ(e.currentTarget.value)}
        />
      </div>
      {v.slots.length > 0 ? (
        <ShelfMap
          slots={v.slots}
          signals={signals}
          counts={counts}
          fullness
          highlight={found ? found.flatMap((p) => (p.slot ? [p.slot] : [])) : []}
          {...(slot && { selected: slot })}
          onPick={(s) => {
            setQ('');
            setSlot(s === slot ? undefined : s);
          }}
          aspect={1.9}
        />
      ) : (
        <p>{t('manager.map.none')}</p>
      )}
      <div class="shelf-list" aria-live="polite">
        <h3>{title}</h3>
        {!found && !slot && <p class="soft-on-dark">{t('manager.shelf.hint')}</p>}
        {!found && slot && list.length === 0 && <p class="soft-on-dark">{t('manager.shelf.empty')}</p>}
        <ul>
          {list.map((p) => (
            <li key={p.id}><ParcelRow p={p} onResolve={onResolve} /></li>
          ))}
        </ul>
      </div>
    </section>
  );
}

function ParcelRow({ p, onResolve }: { p: Parcel; onResolve: (p: Parcel) => void }) {
  return (
    <article class="row">
      <Thumbs {...picturesOf(p)} />
      <div class="row-text">
        <h4>{parcelTitle(p)}</h4>
        <ParcelLines p={p} />
        <p><Tag tone={toneOf(p)}>{t(`manager.state.${p.state}`)}</Tag>{p.slot && <span class="mono slot-word">{p.slot}</span>}</p>
        <Note p={p} />
      </div>
      <div class="row-acts">
        <Button onClick={() => onResolve(p)}>{t('manager.decide')}</Button>
        <Link to="log" query={`?parcel=${encodeURIComponent(p.id)}`} class="link">{t('manager.history')}</Link>
      </div>
    </article>
  );
}

function Todo({ v, onResolve }: { v: RoomView; onResolve: (p: Parcel) => void }) {
  const todo = needsDeciding(v);
  const incidents = v.incidents ?? [];
  return (
    <>
      <p class="visually-hidden" aria-live="polite">{t('manager.todo.count', { count: todo.length + incidents.length })}</p>
      {todo.length + incidents.length === 0 && (
        <p class="calm"><Tag tone="ok">{t('manager.todo.none')}</Tag></p>
      )}
      <ul class="cards">
        {todo.map((p) => (
          <li key={p.id} class={`card ${toneOf(p)}`}>
            <div class="card-head">
              <Tag tone={toneOf(p)}>{t(`manager.state.${p.state}`)}</Tag>
              {p.slot && <span class="slot-tag">{p.slot}</span>}
            </div>
            <div class="card-body">
              <Thumbs {...picturesOf(p)} size="l" />
              <div>
                <h3>{parcelTitle(p)}</h3>
                <ParcelLines p={p} />
                <p>{why(p)}</p>
              </div>
            </div>
            <div class="card-acts">
              <Button kind="primary" onClick={() => onResolve(p)}>{t(p.state === 'unidentified' ? 'manager.whose' : 'manager.decide')}</Button>
              <Link to="log" query={`?parcel=${encodeURIComponent(p.id)}`} class="link">{t('manager.history')}</Link>
            </div>
          </li>
        ))}
      </ul>
      <Incidents v={v} onClose={(id, reason) => managerApi.resolveIncident(id, reason)} />
    </>
  );
}

function why(p: Parcel): string {
  if (p.state === 'unidentified') {
    if (p.label_photo || p.tracking) return t('manager.why.label');
    return p.candidates?.length ? t('manager.why.ambiguous', { count: p.candidates.length }) : t('manager.why.unscanned');
  }
  return t(p.state === 'missing' ? 'manager.why.missing' : 'manager.why.stranded');
}
