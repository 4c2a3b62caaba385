import { Connection, LanguageSwitch } from '../lib/components';
import { t } from '../lib/i18n';
import type { DoorView, Prompt } from '../lib/types';
import { Courier } from './Courier';
import { Idle } from './Idle';
import { Resident } from './Resident';
import { Staff } from './Staff';
import { connection, farewell, lastPrompt, notice, trouble, view, visit } from './state';

/** Shows what the room says: nobody here, a courier, a resident, or staff. */
export function Kiosk() {
  const v = visit.value;
  return (
    <div class={`frame ${v?.kind ?? 'idle'}`}>
      <header class="top">
        <p class="brand">
          <Mark />
          {t('kiosk.title')}
        </p>
        {view.value && <Door door={view.value.door} />}
        <LanguageSwitch />
      </header>
      <Said prompt={lastPrompt.value} farewell={farewell.value} />
      {!v && <Idle />}
      {v?.kind === 'courier' && <Courier key={v.id} visit={v} />}
      {v?.kind === 'resident' && <Resident key={v.id} visit={v} />}
      {v?.kind === 'staff' && <Staff key={v.id} visit={v} />}
      <div class="notice" role="status" aria-live="polite">
        {notice.value && <p class={notice.value.tone}>{notice.value.text}</p>}
      </div>
      <Connection state={connection.value} trouble={trouble.value} />
    </div>
  );
}

/** The prompt that is being said in the room, in its own place: nothing moves when it comes. */
function Said({ prompt, farewell: bye }: { prompt: Prompt | undefined; farewell: string | undefined }) {
  const urgent = Boolean(prompt?.urgent);
  const text = prompt ? t(prompt.key, prompt.values) : (bye ?? '');
  return (
    <div class={`said${urgent ? ' urgent' : ''}${text ? '' : ' empty'}`} role={urgent ? 'alert' : 'status'} aria-live={urgent ? 'assertive' : 'polite'}>
      {urgent && (
        <svg viewBox="0 0 24 24" width="44" height="44" aria-hidden="true">
          <path d="M12 3l10 18H2zM12 10v5m0 2.5v.5" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-linecap="round" />
        </svg>
      )}
      <p>{text}</p>
    </div>
  );
}

function Door({ door }: { door: DoorView }) {
  return (
    <p class={`door ${door.state}`} role="status">
      <svg viewBox="0 0 24 24" width="28" height="28" aria-hidden="true">
        {door.state === 'open' || door.state === 'unlocked' ? (
          <path d="M4 21h16M6 21V3h9v18M15 6l4 1.5V21M12 12v.5" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-linecap="round" />
        ) : (
          <path d="M4 21h16M6 21V3h12v18M14.5 12v.5" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-linecap="round" />
        )}
      </svg>
      {t(`door.${door.state}`)}
    </p>
  );
}

/** A shelf with one package on it. */
function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="40" height="40" aria-hidden="true">
      <path d="M3 27h26M3 16h26M5 4v25M27 4v25" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" />
      <rect x="14" y="7" width="9" height="8" rx="1" class="mark-box" />
    </svg>
  );
}
