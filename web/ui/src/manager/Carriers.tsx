import { useMemo } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { t } from '../lib/i18n';
import { readFilter, spanQuery, upsideDown, writeFilter } from './filter';
import { SpanFields } from './FilterForm';
import { Tag, useLoad } from './parts';
import { keep, Link, search } from './route';
import { zone } from './state';
import { byCarrier, percent, share, type CarrierTally, type Counts } from './tally';

/** Below this share of scanned packages a carrier is pointed out. */
const fair = 0.95;

/** Which carriers scan what they bring, and which skip it. */
export function Carriers() {
  const filter = useMemo(() => readFilter(search.value), [search.value]);
  const backwards = upsideDown(filter);
  const { data, wrong } = useLoad(
    () => (backwards ? Promise.resolve([]) : managerApi.tallies(spanQuery(filter, zone.value, new Date()))),
    [filter, backwards, zone.value],
  );
  const rows = useMemo(() => byCarrier(data ?? []), [data]);
  const visits = rows.reduce((n, c) => n + c.visits, 0);
  return (
    <div class="people">
      <header class="page-head">
        <h1 tabIndex={-1}>{t('manager.page.carriers')}</h1>
        <div class="page-acts"><Link to="couriers" class="button secondary size-m">{t('manager.page.couriers')}</Link></div>
      </header>
      <p class="soft">{t('manager.carriers.text')}</p>
      <form class="filters" onSubmit={(e) => e.preventDefault()}>
        <SpanFields filter={filter} onChange={(part) => keep(writeFilter({ ...filter, ...part }))} />
      </form>
      <div class="log-bar">
        <p role="status">{wrong || (backwards ? t('manager.log.upside_down') : data ? t('manager.carriers.count', { count: visits }) : t('loading'))}</p>
      </div>
      {data && !backwards && rows.length === 0 && <p class="soft">{t('manager.carriers.none')}</p>}
      {rows.length > 0 && (
        <table class="table cardlike tally">
          <thead>
            <tr>
              <th scope="col">{t('manager.filter.carrier')}</th>
              <th scope="col">{t('manager.carriers.share')}</th>
              {counts.map((c) => <th key={c} scope="col" class="num">{t(`manager.carriers.${c}`)}</th>)}
              <th scope="col"><span class="visually-hidden">{t('manager.actions')}</span></th>
            </tr>
          </thead>
          {rows.map((c) => <Carrier key={c.carrier} of={c} span={filter} />)}
        </table>
      )}
    </div>
  );
}

const counts = ['visits', 'scanned', 'placed', 'unscanned', 'unplaced', 'empty'] as const;

function Carrier({ of: c, span }: { of: CarrierTally; span: ReturnType<typeof readFilter> }) {
  const log = writeFilter({ ...span, carrier: c.carrier, kind: 'incidents' });
  return (
    <tbody>
      <tr>
        <th scope="row">{c.carrier || t('manager.who.someone')}</th>
        <Numbers of={c} />
        <td class="acts"><Link to="log" query={log} class="link">{t('manager.carriers.incidents')}<span class="visually-hidden"> {c.carrier}</span></Link></td>
      </tr>
      {c.couriers.length > 1 && c.couriers.map((one) => (
        <tr key={one.courier} class="part">
          <th scope="row">{one.name || t('manager.who.someone')}</th>
          <Numbers of={one} />
          <td class="acts"><Link to="log" query={writeFilter({ ...span, courier: one.courier })} class="link">{t('manager.history')}<span class="visually-hidden"> {one.name}</span></Link></td>
        </tr>
      ))}
    </tbody>
  );
}

function Numbers({ of: c }: { of: Counts }) {
  const part = share(c);
  return (
    <>
      <td>
        {c.placed === 0 ? <span class="soft">{t('manager.carriers.nothing')}</span> : (
          <span class="share">
            <meter class={part < fair ? 'low' : ''} value={part} aria-hidden="true" />
            <span>{t('manager.carriers.percent', { percent: percent(part) })}</span>
            {part < fair && <Tag tone="warn">{t('manager.carriers.skips', { count: c.skipping })}</Tag>}
          </span>
        )}
      </td>
      {counts.map((k) => <td key={k} class="num" data-label={t(`manager.carriers.${k}`)}>{c[k]}</td>)}
    </>
  );
}
