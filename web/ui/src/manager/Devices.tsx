import { sayTrouble } from '../lib/failure';
import { formatTime, t } from '../lib/i18n';
import type { Device } from '../lib/types';
import { Icon } from './Icon';
import { Laser } from './Laser';
import { Tag } from './parts';
import { Link } from './route';
import { word } from './sentence';
import { view, zone } from './state';

/** What of the room's hardware does not work, on every page: what still works stands beside it. */
export function DeviceAlarm({ devices }: { devices: Device[] }) {
  return (
    <div class="alarm" role="alert">
      <Icon name="warn" />
      <ul>
        {devices.map((d) => (
          <li key={d.device}>
            <strong>{t('manager.device.alarm', { device: d.device })}</strong>{' '}
            <span>{d.serves.map((role) => t(`manager.device.without.${role}`)).join(' ')}</span>{' '}
            <Link to="devices" class="link">{t('manager.device.look')}</Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Those that people must hear of. */
export const silent = (devices: Device[] | null | undefined): Device[] => (devices ?? []).filter((d) => !d.ok);

/** The room's hardware as its drivers see it: door, lights, laser, voice, readers, lockers. */
export function Devices() {
  const devices = view.value?.devices;
  return (
    <div class="people">
      <header class="page-head"><h1 tabIndex={-1}>{t('manager.page.devices')}</h1></header>
      <p class="soft">{t('manager.devices.text')}</p>
      {devices === undefined && <p class="soft" aria-busy="true">{t('loading')}</p>}
      {devices?.length === 0 && <p class="soft">{t('manager.devices.none')}</p>}
      <ul class="devices">
        {(devices ?? []).map((d) => <li key={d.device}><Card d={d} /></li>)}
      </ul>
      {view.value && devices?.some((d) => d.serves.includes('laser')) && <Laser v={view.value} />}
    </div>
  );
}

function Card({ d }: { d: Device }) {
  const facts = Object.entries(d.facts ?? {}).sort();
  const counts = Object.entries(d.counts ?? {}).sort();
  return (
    <article class={`panel device${d.ok ? '' : ' bad'}`}>
      <header class="device-head">
        <h2>{d.device}</h2>
        <Tag tone={d.ok ? 'ok' : 'bad'}>{t(d.ok ? 'manager.device.ok' : 'manager.device.silent')}</Tag>
      </header>
      <p class="soft">
        {[d.driver, d.serves.map((role) => t(`manager.device.serves.${role}`)).join(', '),
          d.since && t('manager.since', { time: formatTime(d.since, zone.value) })].filter(Boolean).join(' · ')}
      </p>
      <p class="device-problem" aria-live="polite">{sayTrouble(d)}</p>
      {facts.length + counts.length > 0 && (
        <dl class="tells">
          {facts.map(([name, is]) => <Fact key={name} name={word('manager.device.fact', name.replaceAll(' ', '_'))} is={is} />)}
          {counts.map(([name, n]) => <Fact key={name} name={word('manager.device.count', name.replaceAll(' ', '_'))} is={String(n)} />)}
        </dl>
      )}
    </article>
  );
}

function Fact({ name, is }: { name: string; is: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="mono">{is}</dd>
    </div>
  );
}
