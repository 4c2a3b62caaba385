import { useEffect, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button, Dialog } from '../lib/components';
import { formatDateTime, t } from '../lib/i18n';
import type { Delivery } from '../lib/types';
import { Field, Tag, useLoad, useWide } from './parts';
import { newest, zone } from './state';

const tones = { queued: 'info', sending: 'info', sent: 'ok', kept: 'plain', failed: 'bad' } as const;
/** Where no server or provider is set up, a message goes nowhere but here. */
const standing = (d: Delivery): Delivery['state'] | 'kept' => (d.state === 'sent' && d.provider?.startsWith('outbox') ? 'kept' : d.state);

const pollMs = 10_000;

/** Every message that went out or would have, as its receiver saw it. */
export function Outbox() {
  const [most, setMost] = useState(50);
  const { data, wrong, again, loading } = useLoad(() => managerApi.deliveries(most), [most]);
  const [chosen, setChosen] = useState<string | undefined>();
  const [channel, setChannel] = useState('');
  const [state, setState] = useState('');
  const wide = useWide(960);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && again(), pollMs);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (!/^parcel\.(stored|collected|resolved)/.test(newest.value?.kind ?? '')) return;
    const timer = setTimeout(again, 1500);
    return () => clearTimeout(timer);
  }, [newest.value?.seq]);

  const rows = (data ?? []).filter((d) => (!channel || d.channel === channel) && (!state || d.state === state));
  const shown = rows.find((d) => d.id === chosen) ?? (wide ? rows[0] : undefined);
  const failed = (data ?? []).filter((d) => d.state === 'failed').length;
  return (
    <div class="outbox">
      <header class="page-head"><h1 tabIndex={-1}>{t('manager.page.outbox')}</h1></header>
      <form class="filters" role="search" onSubmit={(e) => e.preventDefault()}>
        <Field label={t('manager.outbox.channel')}>
          {(a) => (
            <select {...a} class="input" value={channel} onChange={(e) => setChannel(e.currentTarget.value)}>
              <option value="">{t('manager.filter.all')}</option>
              {['email', 'sms'].map((c) => <option key={c} value={c}>{t(`manager.channel.${c}`)}</option>)}
            </select>
          )}
        </Field>
        <Field label={t('manager.outbox.state')}>
          {(a) => (
            <select {...a} class="input" value={state} onChange={(e) => setState(e.currentTarget.value)}>
              <option value="">{t('manager.filter.all')}</option>
              {(['queued', 'sending', 'sent', 'failed'] as const).map((s) => <option key={s} value={s}>{t(`manager.delivery.${s}`)}</option>)}
            </select>
          )}
        </Field>
      </form>
      <div class="log-bar">
        <p role="status">{wrong || (data ? t('manager.outbox.count', { count: rows.length }) : t('loading'))}{failed > 0 && ` · ${t('manager.outbox.failed', { count: failed })}`}</p>
      </div>
      {data && rows.length === 0 && <p class="soft">{t('manager.outbox.none')}</p>}
      <div class="panes">
        <ul class="mails">
          {rows.map((d) => (
            <li key={d.id}>
              <button type="button" class="mail" aria-current={wide && shown?.id === d.id ? 'true' : undefined} onClick={() => setChosen(d.id)}>
                <span class="mail-top"><strong>{d.to}</strong><Tag tone={tones[standing(d)]}>{t(`manager.delivery.${standing(d)}`)}</Tag></span>
                <span class="mail-subject">{d.subject || d.text?.split('\n')[0] || t('manager.outbox.not_written')}</span>
                <span class="soft">{t(`manager.channel.${d.channel}`)} · {formatDateTime(d.created, zone.value)}</span>
                {d.error && <span class="mail-error">{d.error}</span>}
              </button>
            </li>
          ))}
          {data && data.length >= most && most < 1000 && <li><Button wide busy={loading} onClick={() => setMost(Math.min(1000, most * 4))}>{t('manager.more')}</Button></li>}
        </ul>
        {wide && shown && <section class="preview" aria-label={t('manager.outbox.message')}><Message d={shown} /></section>}
      </div>
      {!wide && chosen && shown && (
        <Dialog wide title={shown.subject || t(`manager.channel.${shown.channel}`)} onClose={() => setChosen(undefined)} actions={<Button kind="primary" onClick={() => setChosen(undefined)}>{t('close')}</Button>}>
          <Message d={shown} bare />
        </Dialog>
      )}
    </div>
  );
}

function Message({ d, bare }: { d: Delivery; bare?: boolean }) {
  const sent = d.sent && !d.sent.startsWith('0001') ? d.sent : undefined;
  return (
    <>
      {!bare && <h2>{d.subject || t(`manager.channel.${d.channel}`)}</h2>}
      <dl class="facts">
        <dt>{t('manager.outbox.to')}</dt><dd>{d.to}</dd>
        <dt>{t('manager.outbox.state')}</dt><dd>{t(`manager.delivery.${standing(d)}`)}{sent && `, ${formatDateTime(sent, zone.value)}`}{d.tries > 1 && ` · ${t('manager.outbox.tries', { count: d.tries })}`}</dd>
        {d.error && <><dt>{t('manager.outbox.error')}</dt><dd class="bad-text">{d.error}</dd></>}
        {d.provider && <><dt>{t('manager.outbox.provider')}</dt><dd>{d.provider}</dd></>}
      </dl>
      {d.channel === 'email' && d.html
        ? <iframe class="letter" sandbox="" src={managerApi.mail(d.id)} title={t('manager.outbox.rendered', { subject: d.subject ?? '' })} />
        : <p class="text-message">{d.text || t('manager.outbox.not_written')}</p>}
    </>
  );
}
