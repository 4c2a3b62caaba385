import { useEffect, useRef, useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button, LanguageSwitch } from '../lib/components';
import { t } from '../lib/i18n';
import { Icon } from './Icon';
import { Field, useAction, Wrong } from './parts';
import { session } from './state';

const passwordLeast = 12;

/** The way in: sign in, or make the first account of a new box. */
export function SignIn() {
  const s = session.value!;
  const first = useRef<HTMLFormElement>(null);
  useEffect(() => first.current?.querySelector('input')?.focus(), [s.setup]);
  return (
    <div class="door-page">
      <header>
        <p class="house"><Icon name="box" /><span>{s.property || 'packroom'}</span></p>
        <LanguageSwitch />
      </header>
      <main class="door-card">
        <h1>{t(s.setup ? 'manager.setup' : 'manager.sign_in')}</h1>
        {s.setup ? <SetUp form={first} code={s.setup_code} /> : <Existing form={first} />}
      </main>
    </div>
  );
}

type FormRef = { current: HTMLFormElement | null };

function Existing({ form }: { form: FormRef }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { busy, wrong, run } = useAction();
  return (
    <form
      ref={form}
      class="stack"
      onSubmit={(e) => {
        e.preventDefault();
        void run(async () => {
          session.value = await managerApi.signIn(email, password);
        });
      }}
    >
      <Field label={t('manager.email')}>
        {(a) => <input {...a} class="input" type="email" name="email" required autocomplete="username" value={email} onInput={(e) => setEmail(e.currentTarget.value)} />}
      </Field>
      <Field label={t('manager.password')}>
        {(a) => <input {...a} class="input" type="password" name="password" required autocomplete="current-password" value={password} onInput={(e) => setPassword(e.currentTarget.value)} />}
      </Field>
      <Wrong text={wrong} />
      <Button kind="primary" size="l" wide type="submit" busy={busy}>{t('manager.sign_in')}</Button>
    </form>
  );
}

function SetUp({ form, code: wantsCode }: { form: FormRef; code: boolean }) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [code, setCode] = useState('');
  const [tried, setTried] = useState(false);
  const { busy, wrong, run } = useAction();
  const short = tried && password.length < passwordLeast ? t('manager.password.short', { count: passwordLeast }) : undefined;
  const differs = tried && again !== password ? t('manager.password.differs') : undefined;
  return (
    <form
      ref={form}
      class="stack"
      onSubmit={(e) => {
        e.preventDefault();
        setTried(true);
        if (password.length < passwordLeast || again !== password) {
          form.current?.querySelector<HTMLInputElement>(password.length < passwordLeast ? '[name=new-password]' : '[name=again]')?.focus();
          return;
        }
        void run(async () => {
          session.value = await managerApi.setup({ email, name, password, ...(wantsCode && { code }) });
        });
      }}
    >
      <p class="soft">{t('manager.setup.text')}</p>
      <Field label={t('manager.your_name')} hint={t('manager.your_name.hint')}>
        {(a) => <input {...a} class="input" name="name" required maxLength={80} autocomplete="name" value={name} onInput={(e) => setName(e.currentTarget.value)} />}
      </Field>
      <Field label={t('manager.email')}>
        {(a) => <input {...a} class="input" type="email" name="email" required autocomplete="username" value={email} onInput={(e) => setEmail(e.currentTarget.value)} />}
      </Field>
      <Field label={t('manager.password')} hint={t('manager.password.hint', { count: passwordLeast })} error={short}>
        {(a) => <input {...a} class="input" type="password" name="new-password" required autocomplete="new-password" value={password} onInput={(e) => setPassword(e.currentTarget.value)} />}
      </Field>
      <Field label={t('manager.password.again')} error={differs}>
        {(a) => <input {...a} class="input" type="password" name="again" required autocomplete="new-password" value={again} onInput={(e) => setAgain(e.currentTarget.value)} />}
      </Field>
      {wantsCode && (
        <Field label={t('manager.setup.code')} hint={t('manager.setup.code.hint')}>
          {(a) => <input {...a} class="input mono" name="code" required autocomplete="one-time-code" spellcheck={false} value={code} onInput={(e) => setCode(e.currentTarget.value)} />}
        </Field>
      )}
      <Wrong text={wrong} />
      <Button kind="primary" size="l" wide type="submit" busy={busy}>{t('manager.setup.do')}</Button>
    </form>
  );
}
