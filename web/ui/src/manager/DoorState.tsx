import { useState } from 'preact/hooks';
import { managerApi } from '../lib/api';
import { Button } from '../lib/components';
import { formatTime, t } from '../lib/i18n';
import type { DoorView } from '../lib/types';
import { ReasonDialog, Tag } from './parts';
import { guard, zone } from './state';

const tones = { locked: 'plain', unlocked: 'warn', open: 'warn', fault: 'bad' } as const;

/** The door and who may be behind it; a manager can unlock it with a reason. */
export function DoorState({ door, people }: { door: DoorView; people: boolean }) {
  const [asking, setAsking] = useState(false);
  return (
    <div class="door-state">
      <p aria-live="polite">
        <Tag tone={tones[door.state]}>{t(`manager.door.${door.state}`)}</Tag>
        {!door.since.startsWith('0001') && <span class="soft">{t('manager.since', { time: formatTime(door.since, zone.value) })}</span>}
        <Tag tone={people ? 'info' : 'plain'}>{t(people ? 'manager.people.yes' : 'manager.people.no')}</Tag>
      </p>
      <Button kind="primary" onClick={() => setAsking(true)}>{t('manager.unlock')}</Button>
      {asking && (
        <ReasonDialog
          title={t('manager.unlock.title')}
          text={t('manager.unlock.text')}
          send={t('manager.unlock')}
          onSend={(reason) => guard(managerApi.unlock(reason))}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
