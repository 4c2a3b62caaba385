import { useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button, Dialog } from '../lib/components';
import { formatDateTime, t } from '../lib/i18n';
import type { KioskDevice } from '../lib/types';
import { Field, FormDialog, useAction, useLoad, Wrong } from './parts';
import { QR } from './QR';
import { guard, zone } from './state';

/** The screens that may act as kiosks. */
export function Kiosks() {
  const { data, wrong, again } = useLoad(managerApi.kiosks, []);
  const [kiosk, setKiosk] = useState('K1');
  const [link, setLink] = useState<{ url: string; minutes: string } | undefined>();
  const [ending, setEnding] = useState<KioskDevice | undefined>();
  const act = useAction();
  return (
    <div class="people">
      <header class="page-head"><h1 tabIndex={-1}>{t('manager.page.kiosks')}</h1></header>
      <section class="panel" aria-labelledby="enrol-title">
        <h2 id="enrol-title">{t('manager.kiosk.add')}</h2>
        <p class="soft">{t('manager.kiosk.text')}</p>
        <form class="filters" onSubmit={(e) => { e.preventDefault(); void act.run(async () => setLink(await guard(managerApi.kioskLink(kiosk.trim())))); }}>
          <Field label={t('manager.kiosk.name')}>{(a) => <input {...a} class="input mono" required pattern="[A-Za-z0-9_\-]{1,64}" autocomplete="off" value={kiosk} onInput={(e) => setKiosk(e.currentTarget.value)} />}</Field>
          <div class="filter-end"><Button kind="primary" type="submit" busy={act.busy}>{t('manager.kiosk.link')}</Button></div>
        </form>
        <Wrong text={act.wrong} />
      </section>
      <section class="panel" aria-labelledby="devices-title">
        <h2 id="devices-title">{t('manager.kiosk.devices')}</h2>
        <p role="status" class="soft">{wrong || (data ? (data.length ? '' : t('manager.kiosk.none')) : t('loading'))}</p>
        <ul class="rows">
          {(data ?? []).map((d) => (
            <li key={d.id} class="row">
              <div class="row-text">
                <h3 class="mono">{d.kiosk}</h3>
                <p class="soft">{t('manager.kiosk.since', { time: formatDateTime(d.created, zone.value), by: d.by })}</p>
              </div>
              <div class="row-acts"><Button onClick={() => setEnding(d)}>{t('manager.kiosk.end')}<span class="visually-hidden"> {d.kiosk}</span></Button></div>
            </li>
          ))}
        </ul>
      </section>
      {link && (
        <Dialog title={t('manager.kiosk.link.title', { kiosk })} onClose={() => setLink(undefined)} actions={<Button kind="primary" onClick={() => setLink(undefined)}>{t('close')}</Button>}>
          <p>{t('manager.kiosk.link.text', { count: link.minutes })}</p>
          <p class="mono address">{link.url}</p>
          <QR text={link.url} label={t('manager.kiosk.link.title', { kiosk })} />
        </Dialog>
      )}
      {ending && (
        <FormDialog title={t('manager.kiosk.end.title', { kiosk: ending.kiosk })} send={t('manager.kiosk.end')} danger onSend={async () => { await guard(managerApi.revokeKiosk(ending.id)); again(); }} onClose={() => setEnding(undefined)}>
          <p>{t('manager.kiosk.end.text')}</p>
        </FormDialog>
      )}
    </div>
  );
}
