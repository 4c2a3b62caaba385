import { useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button } from '../lib/components';
import { formatDateTime, t } from '../lib/i18n';
import type { Account } from '../lib/types';
import { Field, FormDialog, Tag, useLoad } from './parts';
import { guard, session, zone } from './state';

/** Who may sign in, and who of them supervises. */
export function Accounts() {
  const { data, wrong, again } = useLoad(managerApi.accounts, []);
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<Account | undefined>();
  return (
    <div class="people">
      <header class="page-head"><h1 tabIndex={-1}>{t('manager.page.accounts')}</h1></header>
      <section class="panel" aria-labelledby="accounts-title">
        <h2 id="accounts-title">{t('manager.accounts.who')}</h2>
        <p class="soft">{t('manager.accounts.text')}</p>
        <p role="status" class="soft">{wrong || (data ? '' : t('loading'))}</p>
        <ul class="rows">
          {(data ?? []).map((a) => (
            <li key={a.id} class="row">
              <div class="row-text">
                <h3>{a.name}</h3>
                <p class="soft">{a.email}{a.created && ` · ${t('manager.accounts.since', { time: formatDateTime(a.created, zone.value) })}`}</p>
              </div>
              <p><Tag tone={a.role === 'supervisor' ? 'info' : 'plain'}>{t(`manager.role.${a.role}`)}</Tag></p>
              <div class="row-acts">
                <Button onClick={() => setChanging(a)}>
                  {t(a.role === 'supervisor' ? 'manager.role.take' : 'manager.role.give')}<span class="visually-hidden"> {a.name}</span>
                </Button>
              </div>
            </li>
          ))}
        </ul>
        <div><Button kind="primary" onClick={() => setAdding(true)}>{t('manager.accounts.add')}</Button></div>
      </section>
      {adding && <AddDialog onClose={() => setAdding(false)} onDone={again} />}
      {changing && (
        <FormDialog
          title={t(changing.role === 'supervisor' ? 'manager.role.take.title' : 'manager.role.give.title', { who: changing.name })}
          send={t(changing.role === 'supervisor' ? 'manager.role.take' : 'manager.role.give')}
          onSend={async () => {
            const role = changing.role === 'supervisor' ? 'manager' : 'supervisor';
            await guard(managerApi.setRole(changing.id, role));
            if (changing.id === session.value?.manager?.id) session.value = { ...session.value, manager: { ...session.value.manager, role } };
            again();
          }}
          onClose={() => setChanging(undefined)}
        >
          <p>{t('manager.accounts.text')}</p>
        </FormDialog>
      )}
    </div>
  );
}

function AddDialog({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [a, setA] = useState({ name: '', email: '', password: '', role: 'manager' });
  const rest = (name: 'name' | 'email' | 'password') => ({
    class: 'input', required: true, maxLength: 200, value: a[name],
    onInput: (e: { currentTarget: HTMLInputElement }) => setA({ ...a, [name]: e.currentTarget.value }),
  });
  return (
    <FormDialog title={t('manager.accounts.add')} send={t('manager.accounts.add')} onSend={async () => { await guard(managerApi.addAccount(a)); onDone(); }} onClose={onClose}>
      <Field label={t('manager.resident.name')}>{(at) => <input {...at} type="text" autocomplete="off" {...rest('name')} />}</Field>
      <Field label={t('manager.email')}>{(at) => <input {...at} type="email" autocomplete="off" {...rest('email')} />}</Field>
      <Field label={t('manager.accounts.password')} hint={t('manager.accounts.password.hint')}>
        {(at) => <input {...at} type="password" minLength={12} autocomplete="new-password" {...rest('password')} />}
      </Field>
      <label class="check">
        <input type="checkbox" checked={a.role === 'supervisor'} onChange={(e) => setA({ ...a, role: e.currentTarget.checked ? 'supervisor' : 'manager' })} /> {t('manager.role.supervisor')}
      </label>
    </FormDialog>
  );
}
