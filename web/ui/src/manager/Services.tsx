import { formatTime, t } from '../lib/i18n';
import type { Service } from '../lib/types';
import { Icon } from './Icon';
import { Tag } from './parts';
import { services, zone } from './state';

const tones = { running: 'ok', starting: 'info', unhealthy: 'bad', waiting: 'warn', failing: 'bad', stopped: 'plain' } as const;

/** What of the machine does not work, on every page. */
export function ServiceAlarm({ services: list }: { services: Service[] }) {
  return (
    <div class="alarm" role="alert">
      <Icon name="warn" />
      <ul>
        {list.map((s) => (
          <li key={s.name}>
            <strong>{t(`manager.alarm.${s.state}`, { service: s.name })}</strong>{' '}
            <span>{t(`manager.service.${s.name}`)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The services of this machine as their supervisor sees them. */
export function Services() {
  const list = services.value;
  return (
    <section class="panel" aria-labelledby="services-title">
      <h2 id="services-title">{t('manager.services')}</h2>
      {list === null && <p class="soft">{t('manager.services.none')}</p>}
      {list === undefined && <p class="soft">{t('loading')}</p>}
      {list && (
        <div class="table-box" tabIndex={0} role="group" aria-label={t('manager.services')}>
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{t('manager.services.name')}</th>
                <th scope="col">{t('manager.services.state')}</th>
                <th scope="col" class="num">{t('manager.services.restarts')}</th>
                <th scope="col">{t('manager.services.error')}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((s) => (
                <tr key={s.name}>
                  <th scope="row"><span class="mono">{s.name}</span></th>
                  <td>
                    <Tag tone={tones[s.state]}>{t(`manager.service_state.${s.state}`)}</Tag>{' '}
                    {s.since && <span class="soft">{t('manager.since', { time: formatTime(s.since, zone.value) })}</span>}
                  </td>
                  <td class="num">{s.restarts}</td>
                  <td class="wrap">{s.last_error}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
