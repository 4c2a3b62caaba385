import { useEffect, useState } from 'preact/hooks';
import { Button } from '../lib/components';
import { t } from '../lib/i18n';
import { emptyFilter, kindGroups, writeFilter, type Filter } from './filter';
import { carriers, couriers, nameResident, names, wantResidents } from './names';
import { Field, fullName, ResidentPicker } from './parts';
import { kindWord } from './sentence';

/** What of the log is shown. Changes take effect at once; the address keeps them. */
export function FilterForm({ filter: f, onChange }: { filter: Filter; onChange: (f: Filter) => void }) {
  const [q, setQ] = useState(f.q);
  const set = (part: Partial<Filter>) => onChange({ ...f, ...part });
  useEffect(() => setQ(f.q), [f.q]);
  useEffect(() => {
    if (q === f.q) return;
    const timer = setTimeout(() => set({ q }), 300);
    return () => clearTimeout(timer);
  }, [q]);
  useEffect(() => wantResidents([f.resident]), [f.resident]);

  const chips: [keyof Filter, string][] = [];
  if (f.parcel) chips.push(['parcel', t('manager.log.package')]);
  if (f.visit) chips.push(['visit', t('manager.log.visit')]);
  if (f.slot) chips.push(['slot', t('map.slot', { slot: f.slot })]);
  return (
    <form class="filters" role="search" aria-label={t('manager.filter')} onSubmit={(e) => { e.preventDefault(); set({ q }); }}>
      <Field label={t('manager.filter.q')} class="grow">
        {(a) => <input {...a} class="input" type="search" autocomplete="off" placeholder={t('manager.filter.q.hint')} value={q} onInput={(e) => setQ(e.currentTarget.value)} />}
      </Field>
      <ResidentPicker
        label={t('manager.filter.resident')}
        statuses=""
        value={f.resident ? names().resident(f.resident) || t('manager.who.resident') : ''}
        onPick={(r) => {
          if (r) nameResident(r.resident_id, fullName(r));
          if ((r?.resident_id ?? '') !== f.resident && (r || f.resident)) set({ resident: r?.resident_id ?? '' });
        }}
      />
      <Field label={t('manager.filter.carrier')}>
        {(a) => (
          <select {...a} class="input" value={f.carrier} onChange={(e) => set({ carrier: e.currentTarget.value })}>
            <option value="">{t('manager.filter.all')}</option>
            {[...new Set([...carriers(), ...(f.carrier ? [f.carrier] : [])])].map((c) => <option key={c} value={c}>{c}</option>)}
          </select>
        )}
      </Field>
      <Field label={t('manager.filter.courier')}>
        {(a) => (
          <select {...a} class="input" value={f.courier} onChange={(e) => set({ courier: e.currentTarget.value })}>
            <option value="">{t('manager.filter.all')}</option>
            {couriers.value.map((c) => <option key={c.id} value={c.id}>{c.name} ({c.carrier})</option>)}
          </select>
        )}
      </Field>
      <Field label={t('manager.filter.kind')}>
        {(a) => (
          <select {...a} class="input" value={f.kind} onChange={(e) => set({ kind: e.currentTarget.value })}>
            <option value="">{t('manager.filter.all')}</option>
            {Object.entries(kindGroups).map(([group, kinds]) => (
              <optgroup key={group} label={t(`manager.group.${group}`)}>
                <option value={group}>{t('manager.group.all', { group: t(`manager.group.${group}`) })}</option>
                {kinds.map((k) => <option key={k} value={k}>{t(`manager.event.${kindWord(k)}`)}</option>)}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      <SpanFields filter={f} onChange={set} />
      <div class="filter-end">
        {chips.map(([name, label]) => (
          <Button key={name} class="chip" aria-label={t('manager.filter.drop', { what: label })} onClick={() => set({ [name]: '' })}>
            {label} <span aria-hidden="true">×</span>
          </Button>
        ))}
        <Button kind="quiet" disabled={writeFilter(f) === ''} onClick={() => { setQ(''); onChange(emptyFilter); }}>{t('manager.filter.clear')}</Button>
      </div>
    </form>
  );
}

/** Which time is shown: the last days, or from one moment to another. */
export function SpanFields({ filter: f, onChange }: { filter: Filter; onChange: (part: Partial<Filter>) => void }) {
  return (
    <>
      <Field label={t('manager.filter.span')}>
        {(a) => (
          <select {...a} class="input" value={f.span} onChange={(e) => onChange({ span: e.currentTarget.value })}>
            {['', 'today', 'week', 'month', 'range'].map((s) => <option key={s} value={s}>{t(`manager.span.${s || 'all'}`)}</option>)}
          </select>
        )}
      </Field>
      {f.span === 'range' && (['from', 'to'] as const).map((end) => (
        <Field key={end} label={t(`manager.filter.${end}`)} class="when">
          {(a) => <input {...a} class="input" type="datetime-local" value={f[end]} onChange={(e) => onChange({ [end]: e.currentTarget.value })} />}
        </Field>
      ))}
    </>
  );
}
