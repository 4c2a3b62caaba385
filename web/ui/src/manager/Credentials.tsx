import { useEffect, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button, Dialog } from '../lib/components';
import { formatDateTime, t } from '../lib/i18n';
import type { Credential, Reply } from '../lib/types';
import { Field, Tag, useAction, useLoad, Wrong } from './parts';
import { QR } from './QR';
import { guard, zone } from './state';
import { emptyDraft, hoursText, Terms, termsOf } from './Terms';

type Kind = Credential['kind'];
const set = (iso: string | undefined): iso is string => Boolean(iso) && !iso!.startsWith('0001');

/** How a credential stands, in one word. */
export function standing(c: Credential, now: Date): 'valid' | 'revoked' | 'used' | 'expired' | 'not_yet' {
  if (set(c.revoked)) return 'revoked';
  if (set(c.used)) return 'used';
  if (set(c.valid_to) && new Date(c.valid_to) <= now) return 'expired';
  if (set(c.valid_from) && new Date(c.valid_from) > now) return 'not_yet';
  return 'valid';
}

/** What lets somebody in: list, issue, enrol, revoke. */
export function Credentials({ holder, name, kinds, onClose }: { holder: string; name: string; kinds: Kind[]; onClose: () => void }) {
  const { data, wrong, again } = useLoad(() => managerApi.credentials(holder), [holder]);
  const [secret, setSecret] = useState<Reply['secret'] | undefined>();
  const [draft, setDraft] = useState(() => emptyDraft(kinds[0]!));
  const [card, setCard] = useState('');
  const [said, setSaid] = useState('');
  const act = useAction();
  const issue = () => act.run(async () => {
    const terms = termsOf(draft, zone.value);
    const reply = await guard(managerApi.issueCredential(holder, terms));
    if (terms.pin) setSaid(t('manager.terms.pin.done'));
    else setSecret(reply.secret);
    setDraft(emptyDraft(draft.kind));
    again();
  });
  const enrol = () => act.run(async () => {
    await guard(managerApi.issueCredential(holder, { ...termsOf({ ...draft, pin: '' }, zone.value), card: card.trim() }));
    setCard('');
    setSaid(t('manager.card.done'));
    again();
  });
  const now = new Date();
  const rows = [...(data ?? [])].sort((a, b) => Number(standing(b, now) === 'valid') - Number(standing(a, now) === 'valid') || b.created.localeCompare(a.created));
  if (secret) return <Secret name={name} secret={secret} onClose={() => setSecret(undefined)} />;
  return (
    <Dialog wide title={t('manager.credentials.of', { who: name })} onClose={onClose} actions={<Button onClick={onClose}>{t('close')}</Button>}>
      <div class="issue">
        <form class="stack" onSubmit={(e) => { e.preventDefault(); void issue(); }}>
          <h3>{t('manager.issue.title')}</h3>
          <p class="soft">{t('manager.issue.text')}</p>
          <Terms d={draft} kinds={kinds} onDraft={setDraft} />
          <Button kind="primary" type="submit" busy={act.busy}>{t('manager.issue')}</Button>
        </form>
        <form class="stack" onSubmit={(e) => { e.preventDefault(); if (card.trim()) void enrol(); }}>
          <h3>{t('manager.card.title')}</h3>
          <Field label={t('manager.card')} hint={t('manager.card.hint')}>
            {(a) => <input {...a} class="input mono" required autocomplete="off" spellcheck={false} value={card} onInput={(e) => setCard(e.currentTarget.value)} />}
          </Field>
          <Button type="submit" busy={act.busy}>{t('manager.card.do')}</Button>
        </form>
      </div>
      <p role="status" class="import-word">{said}</p>
      <Wrong text={act.wrong || wrong} />
      <ul class="rows keys">
        {rows.map((c) => <Key key={c.id} c={c} onRevoke={() => act.run(async () => {
          await guard(managerApi.revokeCredential(holder, c.id));
          setSaid(t('manager.revoked'));
          again();
        })} />)}
        {data?.length === 0 && <li class="soft">{t('manager.credentials.none')}</li>}
      </ul>
    </Dialog>
  );
}

function Key({ c, onRevoke }: { c: Credential; onRevoke: () => void }) {
  const [sure, setSure] = useState(false);
  const yes = useRef<HTMLDivElement>(null);
  const state = standing(c, new Date());
  const what = t(`manager.form.${c.form}`);
  useEffect(() => {
    if (sure) yes.current?.querySelector('button')?.focus();
  }, [sure]);
  return (
    <li class="row">
      <div class="row-text">
        <h4>{what}{c.kind !== 'courier' && c.kind !== 'staff' && ` · ${t(`manager.terms.kind.${c.kind}`)}`}{c.label && ` · ${c.label}`}</h4>
        <p class="soft">
          {t('manager.created', { time: formatDateTime(c.created, zone.value) })}
          {set(c.valid_from) && ` · ${t('manager.valid_from', { time: formatDateTime(c.valid_from, zone.value) })}`}
          {set(c.valid_to) && ` · ${t('manager.valid_to', { time: formatDateTime(c.valid_to, zone.value) })}`}
          {c.hours?.map((h) => ` · ${hoursText(h)}`)}
        </p>
      </div>
      <Tag tone={state === 'valid' ? 'ok' : 'plain'}>{t(`manager.standing.${state}`)}</Tag>
      <div class="row-acts" ref={yes}>
        {state === 'valid' && !sure && <Button onClick={() => setSure(true)}>{t('manager.revoke')}<span class="visually-hidden"> {what}</span></Button>}
        {state === 'valid' && sure && (
          <>
            <Button kind="danger" onClick={() => { setSure(false); onRevoke(); }}>{t('manager.revoke.sure')}</Button>
            <Button onClick={() => setSure(false)}>{t('cancel')}</Button>
          </>
        )}
      </div>
    </li>
  );
}

function Secret({ name, secret, onClose }: { name: string; secret: NonNullable<Reply['secret']>; onClose: () => void }) {
  return (
    <Dialog
      title={t('manager.secret.title', { who: name })}
      onClose={onClose}
      actions={
        <>
          <Button onClick={() => window.print()}>{t('manager.secret.print')}</Button>
          <Button kind="primary" onClick={onClose}>{t('manager.secret.done')}</Button>
        </>
      }
    >
      <div class="secret">
        <p class="banner warn">{t('manager.secret.once')}</p>
        {secret.pin && (
          <p>
            <span class="soft block">{secret.unit ? t('manager.secret.unit_pin', { unit: secret.unit }) : t('manager.form.pin')}</span>
            <strong class="mono pin" aria-label={secret.pin.split('').join(' ')}>{secret.pin.replace(secret.pin.length % 4 ? /(\d{3})(?=\d)/g : /(\d{4})(?=\d)/g, '$1 ')}</strong>
          </p>
        )}
        {secret.qr && <QR text={secret.qr} label={t('manager.qr.of', { who: name })} />}
      </div>
    </Dialog>
  );
}
