import { useEffect, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button } from '../lib/components';
import { t } from '../lib/i18n';
import type { Courier } from '../lib/types';
import { Credentials } from './Credentials';
import { Import } from './Import';
import { carriers, couriers, loadCouriers } from './names';
import { Field, FormDialog, Tag } from './parts';
import { Link } from './route';
import { failureText, guard } from './state';

/** Who delivers, for whom, and what lets them in. */
export function Couriers() {
  const [wrong, setWrong] = useState('');
  const [loaded, setLoaded] = useState(false);
  const [said, setSaid] = useState('');
  const [editing, setEditing] = useState<Courier | undefined>();
  const [turning, setTurning] = useState<Courier | undefined>();
  const [importing, setImporting] = useState(false);
  const [keys, setKeys] = useState<Courier | undefined>();
  const ask = () => loadCouriers().then(() => { setLoaded(true); setWrong(''); }, (e: unknown) => setWrong(failureText(e)));
  useEffect(() => void ask(), []);
  const save = async (c: Courier, words: string) => {
    await guard(managerApi.saveCourier(c));
    setSaid(words);
    await ask();
  };
  const rows = [...couriers.value].sort((a, b) => Number(b.active) - Number(a.active) || a.carrier.localeCompare(b.carrier) || a.name.localeCompare(b.name));
  return (
    <div class="people">
      <header class="page-head">
        <h1 tabIndex={-1}>{t('manager.page.couriers')}</h1>
        <div class="page-acts">
          <Link to="carriers" class="button secondary size-m">{t('manager.carriers.open')}</Link>
          <Button onClick={() => setImporting(true)}>{t('manager.import.keys')}</Button>
          <Button kind="primary" onClick={() => setEditing({ id: '', name: '', carrier: '', active: true })}>{t('manager.courier.add')}</Button>
        </div>
      </header>
      <div class="log-bar"><p role="status">{wrong || said || (loaded ? t('manager.courier.count', { count: rows.length }) : t('loading'))}</p></div>
      {loaded && rows.length === 0 && <p class="soft">{t('manager.courier.none')}</p>}
      {rows.length > 0 && (
        <table class="table cardlike">
          <thead>
            <tr>
              <th scope="col">{t('manager.resident.name')}</th>
              <th scope="col">{t('manager.filter.carrier')}</th>
              <th scope="col">{t('manager.resident.status')}</th>
              <th scope="col"><span class="visually-hidden">{t('manager.actions')}</span></th>
            </tr>
          </thead>
          <tbody>
            {rows.map((c) => (
              <tr key={c.id}>
                <th scope="row">{c.name}</th>
                <td>{c.carrier}</td>
                <td><Tag tone={c.active ? 'ok' : 'plain'}>{t(c.active ? 'manager.courier.active' : 'manager.courier.off')}</Tag></td>
                <td class="acts">
                  <Button onClick={() => setKeys(c)}>{t('manager.credentials')}<span class="visually-hidden"> {c.name}</span></Button>
                  <Button onClick={() => setEditing(c)}>{t('manager.edit')}<span class="visually-hidden"> {c.name}</span></Button>
                  <Button kind="quiet" onClick={() => setTurning(c)}>{t(c.active ? 'manager.courier.switch_off' : 'manager.courier.switch_on')}<span class="visually-hidden"> {c.name}</span></Button>
                  <Link to="log" query={`?courier=${encodeURIComponent(c.id)}`} class="link">{t('manager.history')}</Link>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {editing && <Edit courier={editing} onSave={(c) => save(c, t('manager.courier.saved', { who: c.name }))} onClose={() => setEditing(undefined)} />}
      {turning && (
        <FormDialog
          title={t(turning.active ? 'manager.courier.switch_off.title' : 'manager.courier.switch_on.title', { who: turning.name })}
          send={t(turning.active ? 'manager.courier.switch_off' : 'manager.courier.switch_on')}
          danger={turning.active}
          onSend={() => save({ ...turning, active: !turning.active }, t('manager.courier.saved', { who: turning.name }))}
          onClose={() => setTurning(undefined)}
        >
          <p>{t(turning.active ? 'manager.courier.switch_off.text' : 'manager.courier.switch_on.text')}</p>
        </FormDialog>
      )}
      {importing && (
        <Import
          words={{ ready: 'manager.import.keys.ready', do: 'manager.import.keys.do', done: 'manager.import.keys.done' }}
          columns="kind,holder,name,carrier,pin,card,valid_from,valid_to,hours"
          hint={t('manager.import.keys.hint')}
          send={managerApi.importCredentials}
          onDone={() => void ask()}
          onClose={() => setImporting(false)}
        />
      )}
      {keys && <Credentials holder={keys.id} name={`${keys.name} (${keys.carrier})`} kinds={['courier']} onClose={() => setKeys(undefined)} />}
    </div>
  );
}

function Edit({ courier, onSave, onClose }: { courier: Courier; onSave: (c: Courier) => Promise<void>; onClose: () => void }) {
  const [c, setC] = useState(courier);
  return (
    <FormDialog title={t(courier.id ? 'manager.courier.edit' : 'manager.courier.add')} send={t('manager.save')} onSend={() => onSave(c)} onClose={onClose}>
      <Field label={t('manager.resident.name')}>{(a) => <input {...a} class="input" required maxLength={80} autocomplete="off" value={c.name} onInput={(e) => setC({ ...c, name: e.currentTarget.value })} />}</Field>
      <Field label={t('manager.filter.carrier')} hint={t('manager.courier.carrier.hint')}>
        {(a) => (
          <>
            <input {...a} class="input" required maxLength={40} autocomplete="off" list="carriers" value={c.carrier} onInput={(e) => setC({ ...c, carrier: e.currentTarget.value })} />
            <datalist id="carriers">{carriers().map((k) => <option key={k} value={k} />)}</datalist>
          </>
        )}
      </Field>
    </FormDialog>
  );
}
