import { useEffect, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button } from '../lib/components';
import { languages, t } from '../lib/i18n';
import type { Resident } from '../lib/types';
import { Credentials } from './Credentials';
import { Import } from './Import';
import { nameResident } from './names';
import { Field, FormDialog, fullName, Tag } from './parts';
import { Link } from './route';
import { failureText, guard } from './state';

const pageSize = 50;
export const statusTones = { current: 'ok', notice: 'warn', future: 'info', past: 'plain' } as const;

/** Who lives here, lived here or will. */
export function Residents() {
  const [q, setQ] = useState('');
  const [status, setStatus] = useState('current,notice');
  const [rows, setRows] = useState<Resident[] | undefined>();
  const [more, setMore] = useState(false);
  const [wrong, setWrong] = useState('');
  const [editing, setEditing] = useState<Resident | undefined>();
  const [keys, setKeys] = useState<Resident | undefined>();
  const [leaving, setLeaving] = useState<Resident | undefined>();
  const [importing, setImporting] = useState(false);
  const [said, setSaid] = useState('');
  const [turn, setTurn] = useState(0);

  const ask = async (offset: number, stale: () => boolean) => {
    try {
      const got = await guard(managerApi.residents({ q: q.trim(), status, limit: pageSize + 1, offset }));
      if (stale()) return;
      setMore(got.length > pageSize);
      setRows((old) => (offset ? [...(old ?? []), ...got.slice(0, pageSize)] : got.slice(0, pageSize)));
      setWrong('');
    } catch (e) {
      if (!stale()) setWrong(failureText(e));
    }
  };
  useEffect(() => {
    let stale = false;
    const timer = setTimeout(() => void ask(0, () => stale), q ? 200 : 0);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [q, status, turn]);

  const save = async (r: Resident, words: string) => {
    await guard(managerApi.saveResident(r));
    if (r.resident_id) nameResident(r.resident_id, fullName(r));
    setSaid(words);
    setTurn((n) => n + 1);
  };
  return (
    <div class="people">
      <header class="page-head">
        <h1 tabIndex={-1}>{t('manager.page.residents')}</h1>
        <div class="page-acts">
          <Button onClick={() => setImporting(true)}>{t('manager.import')}</Button>
          <Button kind="primary" onClick={() => setEditing({ resident_id: '', first_name: '', last_name: '', unit: '', status: 'current' })}>{t('manager.resident.add')}</Button>
        </div>
      </header>
      <form class="filters" role="search" onSubmit={(e) => e.preventDefault()}>
        <Field label={t('manager.resident.search')} class="grow">
          {(a) => <input {...a} class="input" type="search" autocomplete="off" value={q} onInput={(e) => setQ(e.currentTarget.value)} />}
        </Field>
        <Field label={t('manager.resident.status')} class="broad">
          {(a) => (
            <select {...a} class="input" value={status} onChange={(e) => setStatus(e.currentTarget.value)}>
              <option value="current,notice">{t('manager.resident.receiving')}</option>
              <option value="">{t('manager.filter.all')}</option>
              {(['current', 'notice', 'future', 'past'] as const).map((s) => <option key={s} value={s}>{t(`manager.status.${s}`)}</option>)}
            </select>
          )}
        </Field>
      </form>
      <div class="log-bar"><p role="status">{wrong || said || (rows ? t('manager.resident.shown', { count: rows.length }) : t('loading'))}</p></div>
      {rows && rows.length > 0 && (
        <table class="table cardlike">
          <thead>
            <tr>
              <th scope="col">{t('manager.resident.name')}</th>
              <th scope="col">{t('manager.resident.unit')}</th>
              <th scope="col">{t('manager.resident.status')}</th>
              <th scope="col">{t('manager.resident.contact')}</th>
              <th scope="col"><span class="visually-hidden">{t('manager.actions')}</span></th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.resident_id}>
                <th scope="row">{fullName(r)}{r.aliases?.length ? <span class="soft block">{t('manager.resident.also', { names: r.aliases.join(', ') })}</span> : null}</th>
                <td class="mono">{r.unit}</td>
                <td><Tag tone={statusTones[r.status]}>{t(`manager.status.${r.status}`)}</Tag></td>
                <td class="wrap">{[r.email, r.phone].filter(Boolean).map((c) => <span key={c} class="block">{c}</span>)}{!r.email && !r.phone && <span class="soft">{t('manager.resident.no_contact')}</span>}</td>
                <td class="acts">
                  <Button onClick={() => setEditing(r)}>{t('manager.edit')}<span class="visually-hidden"> {fullName(r)}</span></Button>
                  {(r.status === 'current' || r.status === 'notice') && <Button onClick={() => setKeys(r)}>{t('manager.credentials')}<span class="visually-hidden"> {fullName(r)}</span></Button>}
                  {r.status !== 'past' && <Button kind="quiet" onClick={() => setLeaving(r)}>{t('manager.resident.leave')}<span class="visually-hidden"> {fullName(r)}</span></Button>}
                  <Link to="log" query={`?resident=${encodeURIComponent(r.resident_id)}`} class="link">{t('manager.history')}</Link>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows?.length === 0 && !wrong && <p class="soft">{t('manager.resident.none')}</p>}
      {more && <Button wide onClick={() => void ask(rows?.length ?? 0, () => false)}>{t('manager.more')}</Button>}
      {editing && <Edit resident={editing} onSave={(r) => save(r, t('manager.resident.saved', { who: fullName(r) }))} onClose={() => setEditing(undefined)} />}
      {leaving && (
        <FormDialog title={t('manager.resident.leave.title', { who: fullName(leaving) })} send={t('manager.resident.leave')} danger
          onSend={() => save({ ...leaving, status: 'past' }, t('manager.resident.left', { who: fullName(leaving) }))} onClose={() => setLeaving(undefined)}>
          <p>{t('manager.resident.leave.text')}</p>
        </FormDialog>
      )}
      {keys && <Credentials holder={keys.resident_id} name={`${fullName(keys)}, ${keys.unit}`} kinds={['pickup', 'standing', 'pass']} onClose={() => setKeys(undefined)} />}
      {importing && (
        <Import
          words={{ ready: 'manager.import.ready', do: 'manager.import.do', done: 'manager.import.done' }}
          columns="resident_id,first_name,last_name,unit,status,aliases,email,phone,language"
          whole
          send={managerApi.importRoster}
          onDone={() => setTurn((n) => n + 1)}
          onClose={() => setImporting(false)}
        />
      )}
    </div>
  );
}

const phoneForm = /^\+[1-9][0-9]{6,14}$/;

/** "+1 (503) 555-0100" as the box keeps it; what is no number stays as it is. */
export function plainPhone(typed: string): string {
  const bare = typed.replace(/[\s().-]/g, '');
  return /^\d{10}$/.test(bare) ? `+1${bare}` : /^1\d{10}$/.test(bare) ? `+${bare}` : bare;
}

function Edit({ resident, onSave, onClose }: { resident: Resident; onSave: (r: Resident) => Promise<void>; onClose: () => void }) {
  const [r, setR] = useState(resident);
  const [aliases, setAliases] = useState((resident.aliases ?? []).join('; '));
  const [tried, setTried] = useState(false);
  const phone = plainPhone(r.phone ?? '');
  const phoneWrong = phone !== '' && !phoneForm.test(phone);
  const set = (part: Partial<Resident>) => setR({ ...r, ...part });
  return (
    <FormDialog
      title={t(resident.resident_id ? 'manager.resident.edit' : 'manager.resident.add')}
      send={t('manager.save')}
      onSend={async () => {
        setTried(true);
        if (phoneWrong) throw new Error(t('error.phone_wrong'));
        await onSave({ ...r, phone, aliases: aliases.split(/[;,]/).map((a) => a.trim()).filter(Boolean) });
      }}
      onClose={onClose}
    >
      <div class="pair">
        <Field label={t('manager.resident.first')}>{(a) => <input {...a} class="input" required maxLength={200} autocomplete="off" value={r.first_name} onInput={(e) => set({ first_name: e.currentTarget.value })} />}</Field>
        <Field label={t('manager.resident.last')}>{(a) => <input {...a} class="input" maxLength={200} autocomplete="off" value={r.last_name} onInput={(e) => set({ last_name: e.currentTarget.value })} />}</Field>
      </div>
      <div class="pair">
        <Field label={t('manager.resident.unit')}>{(a) => <input {...a} class="input" required maxLength={40} autocomplete="off" value={r.unit} onInput={(e) => set({ unit: e.currentTarget.value })} />}</Field>
        <Field label={t('manager.resident.status')}>
          {(a) => (
            <select {...a} class="input" value={r.status} onChange={(e) => set({ status: e.currentTarget.value as Resident['status'] })}>
              {(['current', 'notice', 'future', 'past'] as const).map((s) => <option key={s} value={s}>{t(`manager.status.${s}`)}</option>)}
            </select>
          )}
        </Field>
      </div>
      <Field label={t('manager.email')}>{(a) => <input {...a} class="input" type="email" autocomplete="off" value={r.email ?? ''} onInput={(e) => set({ email: e.currentTarget.value })} />}</Field>
      <div class="pair">
        <Field label={t('manager.phone')} hint={t('manager.phone.hint')} error={tried && phoneWrong ? t('error.phone_wrong') : undefined}>
          {(a) => <input {...a} class="input" type="tel" autocomplete="off" value={r.phone ?? ''} onInput={(e) => set({ phone: e.currentTarget.value })} />}
        </Field>
        <Field label={t('language.label')}>
          {(a) => (
            <select {...a} class="input" value={r.language ?? ''} onChange={(e) => set({ language: e.currentTarget.value })}>
              <option value="">{t('manager.language.default')}</option>
              {Object.entries(languages).map(([code, name]) => <option key={code} value={code}>{name}</option>)}
            </select>
          )}
        </Field>
      </div>
      <Field label={t('manager.resident.aliases')} hint={t('manager.resident.aliases.hint')}>{(a) => <input {...a} class="input" autocomplete="off" value={aliases} onInput={(e) => setAliases(e.currentTarget.value)} />}</Field>
    </FormDialog>
  );
}
