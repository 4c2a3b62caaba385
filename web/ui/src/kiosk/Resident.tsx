import { signal } from '@preact/signals';
import { Button, Dialog, PackageCard, ShelfMap } from '../lib/components';
import { t } from '../lib/i18n';
import type { Visit } from '../lib/types';
import { Sheet, Stage } from './panels';
import { act, api, busy, lastPrompt, tell, view } from './state';

/** The wrong package whose warning was put aside by hand. */
const seen = signal('');

/** A pick-up: where the packages are, what was taken, and what is not theirs. */
export function Resident({ visit }: { visit: Visit }) {
  const v = view.value!;
  const collected = new Set(visit.collected ?? []);
  const here = v.parcels.filter((p) => !collected.has(p.id) && p.state === 'stored');
  const taken = v.parcels.filter((p) => collected.has(p.id));
  const wrong = (visit.in_hand ?? []).find((h) => !collected.has(h.parcel));
  const first = here.find((p) => p.id === visit.led?.find((id) => here.some((q) => q.id === id))) ?? here[0];
  const target = first?.slot;
  const light = visit.light && visit.light !== 'here' ? t(`resident.light.${visit.light}`) : '';
  const nothing = t(taken.length > 0 ? 'resident.all_taken' : 'resident.nothing');
  const left = lastPrompt.value?.key === 'prompt.left_behind' && here.length > 0;

  const putAside = () => {
    if (!wrong) return;
    seen.value = `${wrong.parcel}/${wrong.at}`;
    tell(t('resident.wrong_text', { slot: wrong.from_slot }), 'warn');
  };

  return (
    <main class="split">
      <Stage class="map-stage">
        <p class="put-on">
          <strong>{target ? t('resident.follow', { slot: target }) : nothing}</strong>
          {target && light && <span>{light}</span>}
          {v.door.state === 'unlocked' && <span>{t('door.unlocked')}</span>}
        </p>
        <ShelfMap slots={v.slots} signals={v.guide.lights ?? {}} highlight={here.flatMap((p) => (p.slot ? [p.slot] : []))} />
      </Stage>
      <Sheet
        label={t('resident.count', { count: here.length })}
        actions={
          <>
            {v.door.state === 'locked' && (
              <Button kind="primary" size="l" busy={busy.value} onClick={() => void act(() => api.open(visit.id))}>
                {t('resident.open_again')}
              </Button>
            )}
            <Button kind={here.length === 0 ? 'primary' : 'secondary'} size="l" onClick={() => void act(() => api.end(visit.id))}>
              {t('resident.done')}
            </Button>
          </>
        }
      >
        <h1>{t('resident.hello', { name: visit.name })}</h1>
        <h2 class="sub">
          {here.length === 0
            ? nothing
            : t(left ? 'prompt.left_behind' : 'resident.count', { count: here.length })}
        </h2>
        <ul class="cards big" aria-live="polite">
          {[...here, ...taken].map((p) => {
            const done = collected.has(p.id);
            return (
              <li key={p.id}>
                <PackageCard
                  title={p.carrier || t('package.picture')}
                  tracking={p.tracking}
                  picture={p.photo ? api.picture(p.photo) : undefined}
                  slot={done ? undefined : p.slot}
                  tone={done ? 'done' : p.slot === target ? 'here' : 'plain'}
                  state={done ? `✓ ${t('resident.taken')}` : p.slot ? t('resident.on', { slot: p.slot }) : undefined}
                >
                  {!done && here.length > 1 && p.id !== first?.id && (
                    <Button busy={busy.value} onClick={() => void act(() => api.lead(visit.id, p.id))}>
                      {t('resident.lead')}
                      <span class="visually-hidden"> {p.slot}</span>
                    </Button>
                  )}
                </PackageCard>
              </li>
            );
          })}
        </ul>
      </Sheet>
      {wrong && seen.value !== `${wrong.parcel}/${wrong.at}` && (
        <Dialog
          tone="alert"
          title={t('resident.wrong_title')}
          onClose={putAside}
          actions={
            <Button size="l" onClick={putAside}>
              {t('close')}
            </Button>
          }
        >
          <p class="alert-text">{t('resident.wrong_text', { slot: wrong.from_slot })}</p>
          <p class="alert-slot mono">{wrong.from_slot}</p>
        </Dialog>
      )}
    </main>
  );
}
