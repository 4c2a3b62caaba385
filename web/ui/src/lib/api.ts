import type {
  Account, Certificate, Footage, FootageView,
  CameraView, Courier, CourierTally, Credential, Delivery, KioskDevice, KioskView, Neighbour, Reading, Reply,
  Resident, ResidentView, RoomEvent, RosterProblem, Service, Terms, Session,
} from './types';

export type FailureKind =
  | 'denied' | 'invalid' | 'conflict' | 'not_found' | 'unavailable' | 'too_large'
  | 'sign_in' | 'forbidden' | 'internal' | 'offline';

/** Every request that fails throws one of these. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** Names the text that locale/*.json has for it, error.CODE; values fill the text's blanks. */
  readonly code: string;
  readonly values: Record<string, string>;
  /** Why somebody was not let in. */
  readonly reason: string;
  readonly retryAfterMs: number;
  /** The photograph that is kept although its reading failed. */
  readonly picture: string;
  readonly problems: RosterProblem[];
  readonly more: number;

  constructor(readonly kind: FailureKind, text: string, readonly status: number, wire: WireFailure = {}) {
    super(text);
    this.code = wire.code ?? '';
    this.values = wire.values ?? {};
    this.reason = wire.reason ?? '';
    this.retryAfterMs = wire.retry_after_ms ?? 0;
    this.picture = wire.picture ?? '';
    this.problems = wire.problems ?? [];
    this.more = wire.more ?? 0;
  }
}

/** What went wrong, whatever was thrown. */
export function failureOf(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : new Failure('internal', String(thrown), 0);
}

/** A failure as the server sends it. */
export interface WireFailure {
  kind?: FailureKind;
  text?: string;
  code?: string;
  values?: Record<string, string>;
  reason?: string;
  retry_after_ms?: number;
  picture?: string;
  problems?: RosterProblem[];
  more?: number;
}

export function failureFrom(f: WireFailure, { status, statusText } = { status: 0, statusText: '' }): Failure {
  return new Failure(f.kind ?? (status >= 502 ? 'unavailable' : 'internal'), f.text ?? statusText, status, f);
}

const timeoutMs = 20_000;
const footageMs = 600_000;

async function request<T>(method: string, path: string, body?: unknown, timeout = timeoutMs): Promise<T> {
  const headers: Record<string, string> = { 'X-Packroom': '1', Accept: 'application/json' };
  const init: RequestInit = { method, headers, credentials: 'same-origin', signal: AbortSignal.timeout(timeout) };
  if (body instanceof Blob) {
    headers['Content-Type'] = body.type || 'application/octet-stream';
    init.body = body;
  } else if (body instanceof FormData) {
    init.body = body; // the browser names the type and its boundary
  } else if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Failure('offline', 'no connection', 0);
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text().catch(() => '');
  let data: unknown;
  try {
    data = text ? JSON.parse(text) : undefined;
  } catch {
    data = undefined;
  }
  if (response.ok) return data as T;
  throw failureFrom((data ?? {}) as WireFailure, response);
}

/** Several files in one request, in order. */
function formOf(files: Blob[]): FormData {
  const form = new FormData();
  files.forEach((f, i) => form.append('photo', f, `${i + 1}.jpg`));
  return form;
}

type Query = Record<string, string | number | undefined>;

function withQuery(path: string, query: Query): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') q.set(name, String(value));
  const text = q.toString();
  return text ? `${path}?${text}` : path;
}

const enc = encodeURIComponent;

export interface LabelAnswer {
  picture?: string;
  reading: Reading;
}

export function kioskApi(kiosk: string) {
  const base = `/api/kiosk/${enc(kiosk)}`;
  const post = (verb: string, body: unknown) => request<Reply>('POST', `${base}/${verb}`, body);
  return {
    events: `${base}/events`,
    picture: (ref: string) => `${base}/pictures/${enc(ref)}`,
    view: () => request<KioskView>('GET', base),
    start: (form: 'pin' | 'unit_pin' | 'qr' | 'card', secret: string, unit?: string) => post('start', { form, secret, unit }),
    label: (visit: string, photos: Blob[]) =>
      request<LabelAnswer>('POST', withQuery(`${base}/label`, { visit }), photos.length === 1 ? photos[0] : formOf(photos), 45_000),
    barcode: (visit: string, text: string) => request<LabelAnswer>('POST', `${base}/barcode`, { visit, text }),
    residents: (visit: string, q: string) => request<Neighbour[]>('GET', withQuery(`${base}/residents`, { visit, q })),
    register: (body: {
      visit: string; resident: string; carrier: string; tracking: string; label_photo: string; size?: string; again?: boolean;
    }) => post('register', body),
    drop: (visit: string, parcel: string) => post('drop', { visit, parcel }),
    open: (visit: string) => post('open', { visit }),
    lead: (visit: string, parcel: string) => post('lead', { visit, parcel }),
    place: (visit: string, parcel: string, slot: string) => post('place', { visit, parcel, slot }),
    join: (visit: string, unidentified: string, registered: string) => post('join', { visit, unidentified, registered }),
    end: (visit: string) => post('end', { visit }),
  };
}
export type KioskApi = ReturnType<typeof kioskApi>;

export function residentApi(token: string) {
  const base = `/api/r/${enc(token)}`;
  return {
    events: `${base}/events`,
    picture: (ref: string) => `${base}/pictures/${enc(ref)}`,
    view: () => request<ResidentView>('GET', base),
  };
}

export interface EventQuery extends Query {
  parcel?: string; resident?: string; courier?: string; carrier?: string; visit?: string; slot?: string;
  kind?: string; q?: string; from?: string; to?: string; before?: number; limit?: number;
}

const m = '/api/manager';

export const managerApi = {
  stream: `${m}/stream`,
  picture: (ref: string) => `${m}/pictures/${enc(ref)}`,
  snapshot: (camera: string) => `${m}/cameras/${enc(camera)}/snapshot`,
  /** Address of footage as MP4 between two times (RFC 3339). */
  clip: (camera: string, from: string, to: string, pass?: string) => withQuery(`${m}/clip`, { camera, from, to, pass }),
  /** What that file holds; answers when it can be played: covering faces takes a while. */
  clipAbout: (camera: string, from: string, to: string, pass?: string) =>
    request<Footage>('GET', withQuery(`${m}/clip/about`, { camera, from, to, pass }), undefined, footageMs),
  footage: (from: string, to: string) => request<FootageView[]>('GET', withQuery(`${m}/footage`, { from, to })),
  /** Address of a small picture of a moment, faces covered. */
  still: (camera: string, at: string) => withQuery(`${m}/still`, { camera, at }),
  /** Writes to the log that faces are looked at; the pass opens clip and clipAbout for that stretch. */
  viewFootage: (camera: string, from: string, to: string) => request<{ pass: string }>('POST', `${m}/footage/view`, { camera, from, to }),
  exportFootage: (body: { camera: string; from: string; to: string; plain: boolean }) =>
    request<{ file: string; certificate: Certificate }>('POST', `${m}/footage/export`, body, footageMs),
  holdFootage: (body: { camera: string; from: string; to: string; reason: string }) => request<Reply>('POST', `${m}/footage/holds`, body),
  releaseFootage: (id: string, reason: string) => request<void>('POST', `${m}/footage/holds/${enc(id)}/release`, { reason }),
  accounts: () => request<Account[]>('GET', `${m}/accounts`),
  addAccount: (body: { email: string; name: string; password: string; role: string }) => request<Account>('POST', `${m}/accounts`, body),
  setRole: (id: string, role: string) => request<void>('POST', `${m}/accounts/${enc(id)}/role`, { role }),
  cameras: () => request<CameraView[]>('GET', `${m}/cameras`),
  session: () => request<Session>('GET', `${m}/session`),
  setup: (body: { email: string; name: string; password: string; code?: string }) => request<Session>('POST', `${m}/setup`, body),
  signIn: (email: string, password: string) => request<Session>('POST', `${m}/sign-in`, { email, password }),
  signOut: () => request<void>('POST', `${m}/sign-out`),
  unlock: (reason: string) => request<Reply>('POST', `${m}/unlock`, { reason }),
  resolveParcel: (id: string, body: {
    action: 'assign' | 'returned' | 'held' | 'released' | 'collected' | 'missing'; resident?: string; reason: string;
  }) => request<Reply>('POST', `${m}/parcels/${enc(id)}/resolve`, body),
  join: (unidentified: string, registered: string, reason: string) =>
    request<Reply>('POST', `${m}/parcels/${enc(unidentified)}/join`, { registered, reason }),
  resolveIncident: (id: string, reason: string) => request<Reply>('POST', `${m}/incidents/${enc(id)}/resolve`, { reason }),
  events: (query: EventQuery) => request<RoomEvent[]>('GET', withQuery(`${m}/events`, query)),
  residents: (query: { q?: string; status?: string; limit?: number; offset?: number }) =>
    request<Resident[]>('GET', withQuery(`${m}/residents`, query)),
  resident: (id: string) => request<Resident>('GET', `${m}/residents/${enc(id)}`),
  saveResident: (r: Resident) => request<Reply>('POST', `${m}/residents`, r),
  /** check = read and count only; complete = residents that the file does not name become past. */
  importRoster: (file: Blob, mode: { check?: boolean; complete?: boolean }) =>
    request<Reply>('POST', withQuery(`${m}/residents/import`, {
      check: mode.check ? 1 : undefined, complete: mode.complete ? 1 : undefined,
    }), new Blob([file], { type: 'text/csv' }), 60_000),
  importCredentials: (file: Blob, mode: { check?: boolean }) =>
    request<Reply>('POST', withQuery(`${m}/credentials/import`, { check: mode.check ? 1 : undefined }), new Blob([file], { type: 'text/csv' }), 60_000),
  tallies: (query: { from?: string; to?: string }) => request<CourierTally[]>('GET', withQuery(`${m}/tallies`, query)),
  couriers: () => request<Courier[]>('GET', `${m}/couriers`),
  saveCourier: (c: Courier) => request<Reply>('POST', `${m}/couriers`, c),
  credentials: (holder: string) => request<Credential[]>('GET', `${m}/credentials/${enc(holder)}`),
  /** The answer's secret is shown this once. With card, a card is enrolled instead. */
  issueCredential: (holder: string, body: Terms) =>
    request<Reply>('POST', `${m}/credentials/${enc(holder)}`, body),
  revokeCredential: (holder: string, id: string) => request<Reply>('DELETE', `${m}/credentials/${enc(holder)}/${enc(id)}`),
  deliveries: (limit?: number) => request<Delivery[]>('GET', withQuery(`${m}/deliveries`, { limit })),
  /** Address of a stored mail as a page of its own, for a sandboxed frame. */
  mail: (id: string) => `${m}/deliveries/${enc(id)}/mail`,
  /** As the supervisor describes its children; null without one. */
  services: () => request<Service[] | null>('GET', `${m}/services`),
  /** Begins; the room's view tells how it goes. */
  calibrateLaser: (camera: string, pan: number[], tilt: number[]) => request<Reply>('POST', `${m}/laser/${enc(camera)}/calibrate`, { pan, tilt }),
  checkLaser: (camera: string) => request<Reply>('POST', `${m}/laser/${enc(camera)}/check`),
  stopLaser: () => request<Reply>('POST', `${m}/laser/stop`),
  keepLaser: () => request<Reply>('POST', `${m}/laser/keep`),
  kiosks: () => request<KioskDevice[]>('GET', `${m}/kiosks`),
  kioskLink: (kiosk: string) => request<{ url: string; minutes: string }>('POST', `${m}/kiosks/${enc(kiosk)}/link`),
  revokeKiosk: (device: string) => request<void>('DELETE', `${m}/kiosks/devices/${enc(device)}`),
};
