import { t } from '../i18n';
import type { Connection as State } from '../sse';

/** A banner over the page while what it shows may be old. It moves nothing. */
export function Connection({ state, trouble }: { state: State; trouble?: string | undefined }) {
  const text = state === 'lost' ? t('connection.lost') : trouble;
  return (
    <div class="connection" role="status">
      {text && (
        <p>
          <span class="connection-dot" aria-hidden="true" />
          {text}
        </p>
      )}
    </div>
  );
}
