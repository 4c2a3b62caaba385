import type { Failure } from './api';
import { hasText, t } from './i18n';
import type { Device, RosterProblem } from './types';

/** Kinds whose own text says more than any of ours. */
const told = new Set(['invalid', 'conflict', 'forbidden', 'not_found']);

/** What a failure means, in the page's language; in the server's words where a code has no text yet. */
export function sayFailure(f: Failure): string {
  for (const word of [f.code, f.reason]) if (word && hasText(`error.${word}`)) return t(`error.${word}`, f.values);
  if (told.has(f.kind)) return t('error.failed', { text: f.message.replace(/^(?:.*: )?(?:invalid|conflict|not allowed|not found): /, '') });
  return t(hasText(`error.${f.kind}`) ? `error.${f.kind}` : 'error.internal');
}

/** What is wrong in a line of a roster file. */
export function sayProblem(p: RosterProblem): string {
  return hasText(`error.${p.code}`) ? t(`error.${p.code}`, p.values) : p.text;
}

/** What is wrong with a device; in its driver's words where those have no text yet. */
export function sayTrouble(d: Device): string | undefined {
  return d.code && hasText(`error.${d.code}`) ? t(`error.${d.code}`, d.values) : d.problem;
}
