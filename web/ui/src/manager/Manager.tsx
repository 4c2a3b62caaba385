import { useEffect, useRef } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button, Connection, LanguageSwitch } from '../lib/components';
import { language, t } from '../lib/i18n';
import { Accounts } from './Accounts';
import { Carriers } from './Carriers';
import { Couriers } from './Couriers';
import { DeviceAlarm, Devices, silent } from './Devices';
import { Icon } from './Icon';
import { Kiosks } from './Kiosks';
import { Log } from './Log';
import { loadCouriers } from './names';
import { Now } from './Now';
import { Outbox } from './Outbox';
import { Residents } from './Residents';
import { Link, page, pages, type Page } from './route';
import { ServiceAlarm } from './Services';
import { SignIn } from './SignIn';
import { Timeline } from './Timeline';
import { Wall } from './Wall';
import { failureText, follow, ill, line, loadSession, session, sessionTrouble, signedOut, trouble, view } from './state';
import { needsDeciding } from './room';

const bodies: Record<Page, () => preact.JSX.Element> = {
  now: Now, cameras: Wall, log: Log, timeline: Timeline, residents: Residents, couriers: Couriers, carriers: Carriers, outbox: Outbox, devices: Devices, kiosks: Kiosks,
  accounts: Accounts,
};

/** The manager's page: the way in, then the room. */
export function Manager() {
  useEffect(() => void loadSession(), []);
  const s = session.value;
  const inside = Boolean(s?.manager);
  useEffect(() => {
    document.title = `${inside ? t(`manager.page.${page.value}`) : t('manager.sign_in')} · ${s?.property || 'packroom'}`;
  }, [language.value, page.value, inside, s?.property]);
  useEffect(() => {
    if (s || !sessionTrouble.value) return;
    const timer = setTimeout(() => void loadSession(), 2000);
    return () => clearTimeout(timer);
  }, [s, sessionTrouble.value]);

  if (!s) {
    return (
      <main class="door-page" aria-busy="true">
        <p role="status">{sessionTrouble.value ? failureText(sessionTrouble.value) : t('loading')}</p>
      </main>
    );
  }
  return inside ? <Inside /> : <SignIn />;
}

function Inside() {
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    void loadCouriers().catch(() => undefined); // pages that need them ask again
    return follow();
  }, []);
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.querySelector<HTMLElement>('h1')?.focus();
  }, [page.value]);
  useKeptFocus(main);
  const Body = bodies[page.value];
  const todo = view.value ? needsDeciding(view.value).length + (view.value.incidents?.length ?? 0) : 0;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.querySelector<HTMLElement>('h1')?.focus(); }}>{t('manager.skip')}</a>
      <header class="rail">
        <p class="house">
          <Icon name="box" />
          <span>{session.value?.property || 'packroom'}</span>
        </p>
        <nav aria-label={t('manager.pages')}>
          <ul>
            {pages.map((p) => (
              <li key={p}>
                <Link to={p} current={page.value === p || (p === 'couriers' && page.value === 'carriers')}>
                  <Icon name={p} />
                  <span>{t(`manager.page.${p}`)}</span>
                  {p === 'now' && (
                    <span class={`badge${todo ? '' : ' none'}`}>
                      {todo > 0 && <><span class="visually-hidden">, </span>{todo}<span class="visually-hidden"> {t('manager.todo.count', { count: todo })}</span></>}
                    </span>
                  )}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <Me />
      </header>
      <main id="main" ref={main}>
        {ill.value.length > 0 && <ServiceAlarm services={ill.value} />}
        {silent(view.value?.devices).length > 0 && <DeviceAlarm devices={silent(view.value?.devices)} />}
        <Body />
      </main>
      <Connection state={line.value} trouble={trouble.value || undefined} />
    </div>
  );
}

function Me() {
  const m = session.value?.manager;
  const out = async () => {
    try {
      await managerApi.signOut();
    } finally {
      signedOut();
      await loadSession();
    }
  };
  return (
    <div class="me">
      <LanguageSwitch />
      <p class="me-name" title={m?.email}>
        {m?.role === 'supervisor' ? <Link to="accounts" current={page.value === 'accounts'}><Icon name="residents" /><span class="me-words">{m.name}</span><span class="visually-hidden">, {t('manager.page.accounts')}</span></Link> : m?.name}
      </p>
      <Button kind="quiet" class="out" onClick={() => void out().catch(() => undefined)}>
        <Icon name="out" />
        <span>{t('manager.sign_out')}</span>
      </Button>
    </div>
  );
}

/**
 * Brings focus back to the page's heading where what had it went away: a card
 * whose package was just decided about.
 */
function useKeptFocus(main: { current: HTMLElement | null }): void {
  useEffect(() => {
    let inMain = false;
    const onFocus = (e: FocusEvent) => {
      inMain = Boolean(main.current?.contains(e.target as Node));
    };
    const onPointer = () => {
      inMain = false;
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const lost = () => inMain && document.activeElement === document.body && !document.querySelector('dialog[open]');
    const watch = new MutationObserver(() => {
      if (!lost()) return;
      clearTimeout(timer);
      timer = setTimeout(() => { // a dialog that closes gives focus back first
        if (!lost()) return;
        inMain = false;
        main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
      }, 50);
    });
    document.addEventListener('focusin', onFocus);
    document.addEventListener('pointerdown', onPointer);
    if (main.current) watch.observe(main.current, { childList: true, subtree: true });
    return () => {
      document.removeEventListener('focusin', onFocus);
      document.removeEventListener('pointerdown', onPointer);
      watch.disconnect();
      clearTimeout(timer);
    };
  }, []);
}
