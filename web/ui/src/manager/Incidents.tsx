import { useState } from 'preact/hooks';
import { Button } from '../lib/components';
import { formatDateTime, t } from '../lib/i18n';
import type { Incident, RoomView } from '../lib/types';
import { Icon } from './Icon';
import { ClipDialog, Thumbs } from './Pictures';
import { parcelTitle, ReasonDialog } from './parts';
import { word } from './sentence';
import { guard, zone } from './state';
import { Link } from './route';

export const evidence = (): string[] => [t('manager.picture.crop'), t('manager.picture.after'), t('manager.picture.before')];

/** Open incidents with what proves them; each is closed with a reason. */
export function Incidents({ v, onClose }: { v: RoomView; onClose: (id: string, reason: string) => Promise<unknown> }) {
  const [closing, setClosing] = useState<Incident | undefined>();
  const [clip, setClip] = useState<{ camera: string; at: string; title: string } | undefined>();
  const open = [...(v.incidents ?? [])].sort((a, b) => b.opened.localeCompare(a.opened));
  return (
    <>
      <ul class="cards">
        {open.map((i) => {
          const parcel = v.parcels.find((p) => p.id === i.parcel);
          const camera = i.camera || v.slots.find((s) => s.id === i.slot)?.camera;
          const visit = v.visits.find((x) => x.id === i.visit);
          return (
            <li key={i.id} class="card bad">
              <div class="card-head">
                <h3><Icon name="warn" />{word('manager.incident', i.kind)}</h3>
                {i.slot && <span class="slot-tag">{i.slot}</span>}
              </div>
              <div class="card-body">
                <Thumbs refs={i.pictures ?? []} labels={i.kind === 'scan_without_placement' ? [t('manager.picture.label')] : evidence()} size="l" />
                <div>
                  <p class="soft">{[formatDateTime(i.opened, zone.value), i.carrier, visit?.name, i.camera, i.kiosk && t('manager.at_kiosk', { kiosk: i.kiosk })].filter(Boolean).join(' · ')}</p>
                  {parcel && <p>{parcelTitle(parcel)}</p>}
                </div>
              </div>
              <div class="card-acts">
                <Button onClick={() => setClosing(i)}>{t('manager.incident.close')}</Button>
                {camera && (
                  <Button kind="quiet" onClick={() => setClip({ camera, at: i.opened, title: word('manager.incident', i.kind) })}>
                    <Icon name="play" />{t('manager.clip')}
                  </Button>
                )}
                {i.visit && <Link to="log" query={`?visit=${encodeURIComponent(i.visit)}`} class="link">{t('manager.visit.log')}</Link>}
              </div>
            </li>
          );
        })}
      </ul>
      {closing && (
        <ReasonDialog
          title={t('manager.incident.close.title', { what: word('manager.incident', closing.kind) })}
          send={t('manager.incident.close')}
          onSend={(reason) => guard(onClose(closing.id, reason))}
          onClose={() => setClosing(undefined)}
        />
      )}
      {clip && <ClipDialog {...clip} onClose={() => setClip(undefined)} />}
    </>
  );
}
