import { useEffect, useState } from 'preact/hooks';
import { Button, Dialog } from '../lib/components';
import { failureOf } from '../lib/api';
import { sayFailure } from '../lib/failure';
import { hasText, t } from '../lib/i18n';
import type { Candidate, Neighbour, Visit } from '../lib/types';
import { Keyboard } from './Keyboard';
import { register, shortlist } from './label';
import { api, busy, scanning, setPending, shots, tell, type Pending } from './state';

const sizes = ['small', 'medium', 'large', 'oversize'] as const;

/** Whose package is it? One tap where the label was read, a shortlist, or a search. */
export function Choose({ visit, label }: { visit: Visit; label: Pending }) {
  const reading = label.reading;
  const list = reading?.decision === 'none' ? [] : shortlist(reading?.candidates);
  const sure = reading?.decision === 'match' && list.length > 0;
  const [searching, setSearching] = useState(list.length === 0);
  const [others, setOthers] = useState(!sure);
  const [size, setSize] = useState('');
  const [again, setAgain] = useState<string | undefined>();

  const choose = async (resident: string, once = false) => {
    if ((await register(label, resident, size, once)) === 'again') setAgain(resident);
  };
  const back = () => {
    setPending(undefined);
    scanning.value = true;
  };

  return (
    <div class={`choose${searching ? ' searching' : ''}`}>
      <div class="choose-head">
        <div>
          <h2>{sure && !others ? t('courier.confirm', { name: list[0]!.name }) : t('courier.who')}</h2>
          <p class="read">{readLine(label)}</p>
          {label.reason && hasText(`reason.${label.reason}`) && <p class="why">{t(`reason.${label.reason}`)}</p>}
        </div>
        <Button size="l" onClick={back}>
          {label.picture ? t('courier.retake') : t('back')}
        </Button>
      </div>
      <div class="sizes" role="group" aria-label={t('courier.size')}>
        <span aria-hidden="true">{t('courier.size')}</span>
        {sizes.map((s) => (
          <button key={s} type="button" aria-pressed={size === s ? 'true' : 'false'} onClick={() => setSize(size === s ? '' : s)}>
            {t(`size.${s}`)}
          </button>
        ))}
      </div>
      {!searching && (
        <ul class="candidates">
          {(others ? list : list.slice(0, 1)).map((c, i) => (
            <li key={c.resident_id}>
              <Person of={c} first={i === 0 && sure} onPick={() => void choose(c.resident_id)} />
            </li>
          ))}
        </ul>
      )}
      {!searching && label.picture && (
        <figure class="shot">
          <img src={shots.get(label.picture) ?? api.picture(label.picture)} alt={t('courier.shot')} onError={(e) => (e.currentTarget.hidden = true)} />
        </figure>
      )}
      {searching && <Search visit={visit.id} start={reading?.recipient ?? ''} onPick={(n) => void choose(n.resident_id)} />}
      <div class="choose-foot">
        {!others && list.length > 1 && (
          <Button size="l" onClick={() => setOthers(true)}>
            {t('courier.someone_else')}
          </Button>
        )}
        {!searching && (
          <Button size="l" onClick={() => setSearching(true)}>
            {t('courier.by_hand')}
          </Button>
        )}
        {searching && list.length > 0 && (
          <Button size="l" onClick={() => setSearching(false)}>
            {t('back')}
          </Button>
        )}
        <Button size="l" busy={busy.value} onClick={() => void choose('')}>
          <span>
            {t('courier.unknown')}
            <small>{t('courier.unknown_hint')}</small>
          </span>
        </Button>
      </div>
      {again !== undefined && (
        <Dialog
          title={t('courier.again_title')}
          tone="warn"
          onClose={() => setAgain(undefined)}
          actions={
            <>
              <Button
                size="l"
                onClick={() => {
                  setAgain(undefined);
                  void choose(again, true);
                }}
              >
                {t('courier.again_yes')}
              </Button>
              <Button
                kind="primary"
                size="l"
                onClick={() => {
                  setAgain(undefined);
                  back();
                }}
              >
                {t('courier.next')}
              </Button>
            </>
          }
        >
          <p>{t('courier.again')}</p>
          {reading?.tracking && <p class="mono">{reading.tracking}</p>}
        </Dialog>
      )}
    </div>
  );
}

function readLine(label: Pending): string {
  const r = label.reading;
  const parts: string[] = [];
  if (r?.carrier || r?.tracking) parts.push([r.carrier, r.tracking].filter(Boolean).join(' '));
  if (r?.recipient && r.unit) parts.push(t('courier.label_read', { recipient: r.recipient, unit: r.unit }));
  else if (r?.recipient) parts.push(t('courier.label_recipient', { recipient: r.recipient }));
  return parts.join(' · ');
}

function Person({ of, first, onPick }: { of: Candidate | Neighbour; first?: boolean; onPick: () => void }) {
  return (
    <button type="button" class={`person${first ? ' sure' : ''}`} onClick={onPick}>
      <span class="person-unit mono">{of.unit}</span>
      <span class="person-name">{first ? t('courier.confirm_yes', { name: of.name }) : of.name}</span>
    </button>
  );
}

/** Search by name or unit, with a keyboard on the screen for those without one. */
function Search({ visit, start, onPick }: { visit: string; start: string; onPick: (n: Neighbour) => void }) {
  const [q, setQ] = useState(start.split(/[\s,]+/).pop() ?? '');
  const [found, setFound] = useState<Neighbour[] | undefined>();
  const words = q.trim();

  useEffect(() => {
    if (words.length < 2) {
      setFound(undefined);
      return;
    }
    let gone = false;
    const timer = setTimeout(async () => {
      try {
        const list = await api.residents(visit, words);
        if (!gone) setFound(list);
      } catch (e) {
        if (!gone) tell(sayFailure(failureOf(e)), 'warn');
      }
    }, 180);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [words]);

  return (
    <div class="search">
      <label>
        <span class="visually-hidden">{t('courier.search')}</span>
        <input
          type="search"
          value={q}
          placeholder={t('courier.search')}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          inputMode={window.innerWidth >= 700 ? 'none' : 'search'}
          onInput={(e) => setQ(e.currentTarget.value)}
        />
      </label>
      <ul class="candidates found" aria-live="polite">
        {words.length < 2 && <li class="search-note">{t('courier.search_hint')}</li>}
        {found?.length === 0 && <li class="search-note">{t('courier.search_none')}</li>}
        {found?.map((n) => (
          <li key={n.resident_id}>
            <Person of={n} onPick={() => onPick(n)} />
          </li>
        ))}
      </ul>
      <Keyboard onKey={(k) => setQ((now) => now + k)} onBack={() => setQ((now) => now.slice(0, -1))} />
    </div>
  );
}
