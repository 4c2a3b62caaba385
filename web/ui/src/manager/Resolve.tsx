import { useEffect, useId, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { shortTracking } from '../lib/components';
import { t } from '../lib/i18n';
import type { Parcel, Resident } from '../lib/types';
import { FormDialog, Note, ParcelLines, parcelTitle, picturesOf, ReasonField, ResidentPicker, Tag, toneOf } from './parts';
import { actionsFor, candidatesOf, type Action } from './room';
import { guard, view } from './state';

/** A person's decision about one package, with its pictures beside those of the labels that it may belong to. */
export function Resolve({ parcel: opened, onClose }: { parcel: Parcel; onClose: () => void }) {
  const v = view.value;
  const p = v?.parcels.find((x) => x.id === opened.id) ?? opened;
  const gone = v !== undefined && !v.parcels.some((x) => x.id === opened.id);
  const candidates = v ? candidatesOf(p, v) : [];
  const actions = actionsFor(p, candidates.length > 0);
  const [action, setAction] = useState<Action>(actions[0]!);
  const [chosen, setChosen] = useState(candidates.find((c) => c.likely)?.parcel.id ?? '');
  const [resident, setResident] = useState<Resident | undefined>();
  const [reason, setReason] = useState('');
  const group = useId();
  const joined = candidates.find((c) => c.parcel.id === chosen)?.parcel;
  const missing = action === 'join' ? !joined : action === 'assign' ? !resident : false;
  useEffect(() => {
    if (!actions.includes(action)) setAction(actions[0]!);
  }, [actions.join()]);

  const send = () => guard(
    action === 'join'
      ? managerApi.join(p.id, chosen, reason)
      : managerApi.resolveParcel(p.id, { action, reason, ...(action === 'assign' && resident && { resident: resident.resident_id }) }),
  );
  return (
    <FormDialog
      wide
      title={p.state === 'unidentified' ? t('manager.resolve.whose', { slot: p.slot ?? '?' }) : t('manager.resolve.title', { who: parcelTitle(p) })}
      send={t('manager.resolve.send')}
      ready={!missing && reason.trim().length >= 3 && !gone}
      onSend={send}
      onClose={onClose}
    >
      {gone && <p class="banner warn" role="alert">{t('manager.resolve.gone')}</p>}
      <div class="resolve">
        <section class="resolve-this" aria-label={t('manager.resolve.this')}>
          <Pictures p={p} />
          <h3>{parcelTitle(p)} {p.slot && <span class="mono slot-word">{p.slot}</span>}</h3>
          <ParcelLines p={p} />
          <p><Tag tone={toneOf(p)}>{t(`manager.state.${p.state}`)}</Tag></p>
          <Note p={p} />
        </section>
        <div class="stack">
          <fieldset class="choices actions">
            <legend>{t('manager.resolve.what')}</legend>
            {actions.map((a) => (
              <label key={a} class="choice">
                <input type="radio" name={group} checked={action === a} onChange={() => setAction(a)} />
                <span><strong>{t(`manager.act.${a}`)}</strong></span>
              </label>
            ))}
            <p class="soft" aria-live="polite">{t(`manager.act.${action}.hint`)}</p>
          </fieldset>
          {action === 'join' && (
            <fieldset class="choices candidates">
              <legend>{t('manager.resolve.candidates', { count: candidates.length })}</legend>
              {candidates.map(({ parcel: c, likely }) => (
                <label key={c.id} class="candidate">
                  <input type="radio" name={`${group}-label`} checked={chosen === c.id} onChange={() => setChosen(c.id)} />
                  {c.label_photo ? <img src={managerApi.picture(c.label_photo)} alt={t('manager.picture.label_of', { who: parcelTitle(c) })} /> : <span class="no-picture">{t('manager.picture.none')}</span>}
                  <span>
                    <strong>{parcelTitle(c)}</strong>
                    <span class="soft">{[c.carrier, c.tracking && shortTracking(c.tracking)].filter(Boolean).join(' · ')}</span>
                    {likely && <Tag tone="info">{t('manager.resolve.likely')}</Tag>}
                  </span>
                </label>
              ))}
            </fieldset>
          )}
          {action === 'assign' && <ResidentPicker label={t('manager.resolve.resident')} hint={t('manager.resolve.resident.hint')} onPick={setResident} />}
          <ReasonField value={reason} onInput={setReason} />
        </div>
      </div>
    </FormDialog>
  );
}

function Pictures({ p }: { p: Parcel }) {
  const { refs, labels } = picturesOf(p);
  if (refs.length === 0) return <p class="no-picture big">{t('manager.picture.none')}</p>;
  return (
    <>
      {refs.map((ref, i) => (
        <figure key={ref} class="evidence">
          <img src={managerApi.picture(ref)} alt={labels[i] ?? ''} />
          <figcaption>{labels[i]}</figcaption>
        </figure>
      ))}
    </>
  );
}
