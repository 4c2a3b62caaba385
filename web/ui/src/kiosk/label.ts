import { Failure, failureOf } from '../lib/api';
import { sayFailure } from '../lib/failure';
import { t } from '../lib/i18n';
import type { Candidate } from '../lib/types';
import { api, busy, refresh, scanFor, scanning, setPending, shots, speech, tell, type Pending } from './state';

const maxBytes = 12 * 1024 * 1024;

/** Reasons that another try with the camera may mend. */
const retry = new Set(['no_label', 'too_small', 'too_dark', 'blurred', 'no_address', 'two_labels']);

/** The first photographs that may be sent together. */
export function fitting<T extends { size: number }>(photos: T[], max = maxBytes): T[] {
  let sum = 0;
  return photos.filter((p) => (sum += p.size) <= max);
}

/**
 * Sends photographs of one label and shows what was read of the best. Answers the
 * reason where the label should be shown again, "" where the courier goes on.
 */
export async function sendLabel(visit: string, taken: Blob[]): Promise<string> {
  const photos = fitting(taken);
  if (!photos.length) {
    tell(t('error.too_large', { max: '12 MB' }), 'warn');
    return 'too_large';
  }
  busy.value = true;
  try {
    const { picture = '', reading } = await api.label(visit, photos);
    const reason = reading.reason ?? '';
    if (picture) shots.set(picture, URL.createObjectURL(photos[reading.frame ?? 0] ?? photos[0]!));
    if (reading.decision === 'none' && retry.has(reason)) {
      speech.say(t(`reason.${reason}`));
      return reason;
    }
    setPending({ visit, picture, reading, reason, loose: scanFor.value });
    return '';
  } catch (e) {
    const f = failureOf(e);
    if (f.kind === 'unavailable' && f.picture) {
      shots.set(f.picture, URL.createObjectURL(photos[0]!));
      setPending({ visit, picture: f.picture, reading: undefined, reason: 'unavailable', loose: scanFor.value });
      return '';
    }
    tell(sayFailure(f), 'warn');
    if (f.kind === 'conflict') await refresh();
    return f.kind;
  } finally {
    busy.value = false;
  }
}

/** A hand scanner read a barcode: the tracking number is known, the resident is not. */
export async function scanBarcode(visit: string, text: string): Promise<void> {
  try {
    const { reading } = await api.barcode(visit, text);
    setPending({ visit, picture: '', reading, reason: 'barcode', loose: scanFor.value });
  } catch (e) {
    tell(sayFailure(failureOf(e)), 'warn');
  }
}

/** No label and no barcode: a name is enough. */
export function byHand(visit: string): void {
  setPending({ visit, picture: '', reading: undefined, reason: '', loose: scanFor.value });
}

export type Registered = 'done' | 'again' | 'failed';

/** Confirms whose package the label is. "again" = the same number was scanned before. */
export async function register(label: Pending, resident: string, size: string, again: boolean): Promise<Registered> {
  if (busy.value) return 'failed';
  busy.value = true;
  try {
    const reply = await api.register({
      visit: label.visit, resident, size, again,
      carrier: label.reading?.carrier ?? '', tracking: label.reading?.tracking ?? '', label_photo: label.picture,
    });
    if (reply.warnings?.includes('already_scanned')) return 'again';
    if (label.loose && reply.parcel) await join(label, reply.parcel.id);
    setPending(undefined);
    scanFor.value = '';
    scanning.value = false;
    await refresh();
    return 'done';
  } catch (e) {
    tell(sayFailure(failureOf(e)), 'warn');
    return 'failed';
  } finally {
    busy.value = false;
  }
}

async function join(label: Pending, parcel: string): Promise<void> {
  try {
    await api.join(label.visit, label.loose, parcel);
  } catch (e) {
    // The room may have joined the two by itself meanwhile.
    if (!(e instanceof Failure) || e.kind !== 'conflict') throw e;
  }
}

/** Those a courier may choose with one tap, best first. */
export function shortlist(candidates: Candidate[] | null | undefined, max = 4): Candidate[] {
  const list = candidates ?? [];
  const best = list[0]?.score ?? 0;
  return list.filter((c) => c.score >= best * 0.4).slice(0, max);
}
