/** The JSON of package room and package web, as the pages get it. */
import type { WireFailure } from './api';

export type VisitKind = 'courier' | 'resident' | 'staff';
export type ParcelState =
  | 'registered' | 'stored' | 'unidentified' | 'collected' | 'missing'
  | 'held' | 'returned' | 'expired' | 'merged' | 'dropped';
export type Signal = 'off' | 'here' | 'here2' | 'here3' | 'here4' | 'suggest' | 'warn';
/** x, y, width, height. */
export type Rect = [number, number, number, number];

export interface Visit {
  id: string;
  kind: VisitKind;
  phase: 'granted' | 'inside' | 'ended';
  kiosk: string;
  holder: string;
  name: string;
  unit?: string;
  carrier?: string;
  language?: string;
  started: string;
  unlocked?: string;
  entered?: string;
  leaving?: string;
  ended?: string;
  end_reason?: string;
  touched: string;
  scanned?: string[];
  placed?: string[];
  collected?: string[];
  /** Whose light leads them: each visitor's is another. */
  light?: Signal;
  /** Parcels that they asked to be led to. */
  led?: string[];
  in_hand?: { parcel: string; from_slot: string; state: ParcelState; at: string }[];
  warned?: string[];
}

export interface Parcel {
  id: string;
  state: ParcelState;
  resident?: string;
  name?: string;
  unit?: string;
  carrier?: string;
  tracking?: string;
  courier?: string;
  visit?: string;
  slot?: string;
  suggested?: string;
  item_key?: string;
  label_photo?: string;
  photo?: string;
  size?: string;
  reading?: Reading;
  candidates?: string[];
  merged_into?: string;
  confidence: number;
  note?: string;
  registered?: string;
  stored?: string;
  ended?: string;
}

export interface Slot {
  id: string;
  kind: 'shelf' | 'floor' | 'bin' | 'refrigerated' | 'locker';
  camera: string;
  polygon: [number, number][] | null;
  map: Rect;
  height_mm: number;
  width_mm: number;
  /** The laser's angles at its corners, where it is calibrated. */
  aim?: unknown;
  fullness?: number;
}

export interface Candidate {
  resident_id: string;
  name: string;
  unit: string;
  score: number;
}

export interface Reading {
  picture?: string;
  carrier: string;
  tracking: string;
  recipient: string;
  unit: string;
  barcodes: { format: string; text: string }[] | null;
  lines: { text: string; confidence: number; bbox: Rect }[] | null;
  candidates: Candidate[] | null;
  decision: 'match' | 'confirm' | 'none';
  reason?: string;
  /** Which of several photographs was read, from 0. */
  frame?: number;
  ms: Record<string, number> | null;
}

export interface Prompt {
  key: string;
  language?: string;
  values?: Record<string, string>;
  urgent?: boolean;
  at: string;
}

export interface Guide {
  lights?: Record<string, Signal>;
  target?: { slot: string; parcel?: string };
}

export interface DoorView {
  state: 'locked' | 'unlocked' | 'open' | 'fault';
  since: string;
}

export interface CameraHealth {
  camera: string;
  ok: boolean;
  problem?: string;
  detail?: string;
  at: string;
}

export interface KioskView {
  kiosk: string;
  visit?: Visit;
  parcels: Parcel[];
  loose: Parcel[];
  suggest?: string[];
  slots: Slot[];
  guide: Guide;
  prompts: Prompt[];
  door: DoorView;
  cameras: CameraHealth[] | null;
  /** What residents are asked for first. */
  pickup?: 'pin' | 'unit_pin';
  now: string;
}

/** As the vision service describes a camera. */
export interface CameraView {
  id: string;
  health: CameraHealth;
  since: string;
  width: number;
  height: number;
  fps: number;
  /** Has a small stream. */
  sub: boolean;
  viewers: number;
  from?: string;
}

export interface Incident {
  id: string;
  kind: string;
  visit?: string;
  parcel?: string;
  slot?: string;
  camera?: string;
  /** Where it was tried. */
  kiosk?: string;
  carrier?: string;
  pictures?: string[];
  opened: string;
  resolved?: string;
  by?: string;
  reason?: string;
}

export interface Item {
  key: string;
  camera: string;
  slot: string;
  bbox: Rect;
  crop: string;
  parcel: string;
  since: string;
}

export type Role = 'door' | 'lights' | 'laser' | 'voice' | 'reader' | 'lockers';

/** What is known of one piece of hardware. */
export interface Device {
  device: string;
  driver: string;
  serves: Role[];
  ok: boolean;
  /** What is wrong, and what to do where that is known. */
  problem?: string;
  /** Names the text that says so in each language. */
  code?: string;
  values?: Record<string, string>;
  since?: string;
  facts?: Record<string, string>;
  counts?: Record<string, number>;
}

/** One aim of the laser, and what the camera saw of it. */
export interface LaserStep {
  aim: { pan_deg: number; tilt_deg: number };
  at?: [number, number];
  out?: boolean;
  slot?: string;
  miss_mm?: number;
}

/** A calibration of the laser in a camera's picture, or a spot check of one. */
export interface LaserRun {
  camera: string;
  check?: boolean;
  running: boolean;
  planned: number;
  steps: LaserStep[];
  width: number;
  height: number;
  fit?: { residual_px: number; worst_px: number; used: number; outliers?: number[] };
  mm?: number;
  failed?: WireFailure;
  kept?: boolean;
}

export interface RoomView {
  parcels: Parcel[];
  visits: Visit[];
  incidents: Incident[] | null;
  slots: Slot[];
  items: Item[];
  guide: Guide;
  door: DoorView;
  cameras: CameraHealth[] | null;
  devices: Device[] | null;
  /** The laser's last calibration or check. */
  laser?: LaserRun;
  people: boolean;
  now: string;
}

export interface RoomEvent {
  seq: number;
  id: string;
  kind: string;
  time: string;
  visit?: string;
  parcel?: string;
  resident?: string;
  courier?: string;
  carrier?: string;
  slot?: string;
  camera?: string;
  pictures?: string[];
  reason?: string;
  by?: string;
  data?: unknown;
}

export interface Reply {
  visit?: Visit;
  parcel?: Parcel;
  suggest?: string[];
  secret?: { pin?: string; unit?: string; qr?: string };
  saved?: number;
  warnings?: string[];
}

export interface Resident {
  resident_id: string;
  first_name: string;
  last_name: string;
  unit: string;
  status: 'future' | 'current' | 'notice' | 'past';
  aliases?: string[];
  email?: string;
  phone?: string;
  language?: string;
}

/** A resident as a courier sees one. */
export interface Neighbour {
  resident_id: string;
  name: string;
  unit: string;
}

export interface Courier {
  id: string;
  name: string;
  carrier: string;
  active: boolean;
}

/** Times of the week, by the building's clock. */
export interface Hours {
  days?: string[];
  from: string;
  to: string;
}

/** What is asked of a new credential. */
export interface Terms {
  kind: Credential['kind'];
  card?: string;
  pin?: string;
  valid_from?: string;
  valid_to?: string;
  hours?: Hours[];
  label?: string;
}

export interface Credential {
  id: string;
  kind: 'pickup' | 'standing' | 'pass' | 'courier' | 'staff';
  form: 'pin' | 'unit_pin' | 'qr' | 'card';
  holder: string;
  valid_from?: string;
  valid_to?: string;
  revoked?: string;
  used?: string;
  created: string;
  hours?: Hours[];
  label?: string;
}

export interface Delivery {
  id: string;
  message: string;
  channel: 'email' | 'sms';
  to: string;
  state: 'queued' | 'sending' | 'sent' | 'failed';
  tries: number;
  next: string;
  error?: string;
  sent?: string;
  subject?: string;
  text?: string;
  html?: string;
  provider?: string;
  created: string;
}

/** What one courier's finished visits of a span of time come to. */
export interface CourierTally {
  courier: string;
  carrier: string;
  name: string;
  visits: number;
  scanned: number;
  placed: number;
  /** Packages more than labels, visit by visit. */
  unscanned: number;
  /** Labels more than packages, visit by visit. */
  unplaced: number;
  empty: number;
  /** Visits with anything unscanned. */
  skipping: number;
}

/** A process as the supervisor describes it. */
export interface Service {
  name: string;
  state: 'starting' | 'running' | 'unhealthy' | 'waiting' | 'failing' | 'stopped';
  pid?: number;
  restarts: number;
  since?: string;
  last_error?: string;
}

export interface Session {
  setup: boolean;
  setup_code: boolean;
  manager?: Account;
  property: string;
  timezone: string;
}

export interface Account {
  id: string;
  email: string;
  name: string;
  /** A supervisor sees footage as it was recorded, holds it, and says who supervises. */
  role: 'manager' | 'supervisor';
  created?: string;
}

export interface Span {
  from: string;
  to: string;
}

/** Footage that is kept for events. */
export interface Clip extends Span {
  id: string;
  camera: string;
  events: string[];
  start?: string;
  end?: string;
  gaps?: Span[];
  /** None: there was no footage. */
  sha256?: string;
  bytes?: number;
  until: string;
}

export interface Hold extends Span {
  id: string;
  camera: string;
  reason: string;
  by?: string;
  placed?: string;
}

/** What is recorded of one camera; what lies between its spans is a gap. */
export interface FootageView {
  camera: string;
  spans: Span[];
  clips: Clip[];
  holds: Hold[];
}

/** What a file of footage holds. */
export interface Footage extends Span {
  camera: string;
  plain?: boolean;
  start?: string;
  end?: string;
  gaps?: Span[];
  sha256?: string;
  bytes?: number;
}

/** A place in the event log. */
export interface Entry {
  property: string;
  room: string;
  seq: number;
  id: string;
  time: string;
  hash: string;
}

export interface Certificate {
  kind: string;
  property: string;
  footage: Footage;
  by: string;
  entry: Entry;
  verify: string[];
}

export interface KioskDevice {
  id: string;
  kiosk: string;
  by: string;
  created: string;
}

export interface RosterProblem {
  line: number;
  column?: string;
  text: string;
  code: string;
  values?: Record<string, string>;
}

export interface ResidentParcel {
  id: string;
  state: ParcelState;
  carrier?: string;
  tracking?: string;
  slot?: string;
  photo?: string;
  size?: string;
  stored?: string;
  ended?: string;
}

export interface ResidentView {
  name: string;
  unit: string;
  language?: string;
  property: string;
  timezone: string;
  here: ResidentParcel[];
  past: ResidentParcel[];
  slots: Slot[];
  map_known: boolean;
}
