import { Button, ShelfMap } from '../lib/components';
import { t } from '../lib/i18n';
import type { Visit } from '../lib/types';
import { Sheet, Stage } from './panels';
import { act, api, busy, view } from './state';

/** A member of the staff is inside. */
export function Staff({ visit }: { visit: Visit }) {
  const v = view.value!;
  return (
    <main class="split">
      <Stage class="map-stage">
        <ShelfMap slots={v.slots} signals={v.guide.lights ?? {}} fullness />
      </Stage>
      <Sheet
        label={t('staff.hello', { name: visit.name })}
        actions={
          <>
            <Button size="l" busy={busy.value} onClick={() => void act(() => api.open(visit.id))}>
              {t('courier.open')}
            </Button>
            <Button kind="primary" size="l" onClick={() => void act(() => api.end(visit.id))}>
              {t('courier.done')}
            </Button>
          </>
        }
      >
        <h1>{t('staff.hello', { name: visit.name })}</h1>
        <p class="sub">{t('staff.text')}</p>
      </Sheet>
    </main>
  );
}
