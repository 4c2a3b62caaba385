// What a made-up box answers to the manager's page: much of everything, with long names.
import { kiosks, slots } from './room.mjs';

const now = '2026-11-22T17:40:00Z';
const ago = (minutes) => new Date(Date.parse(now) - minutes * 60_000).toISOString();
const visits = [
  { ...kiosks['courier-placing'].visit, id: 'v1', kiosk: 'K1', scanned: ['p2', 'p3'], placed: ['p1'], started: ago(6) },
  { ...kiosks.resident.visit, id: 'v2', name: 'Maximiliana Featherstonehaugh-Cholmondeley', unit: '1103', phase: 'inside', leaving: ago(1), started: ago(3), collected: ['p5'] },
];
const jana = { id: 'p1', state: 'stored', confidence: 0.97, resident: 'r1', name: 'Jana Whitfield-Okonkwo', unit: '412', carrier: 'UPS', tracking: '1Z999AA10123456784', slot: 'B3', photo: 'pic1', label_photo: 'pic2', stored: ago(95) };
const waiting = (id, name, unit) => ({ id, state: 'registered', confidence: 0, resident: id, name, unit, carrier: 'UPS', tracking: '1Z999AA10198765432', visit: 'v1', label_photo: 'pic2', registered: ago(5) });
const loose = { id: 'p9', state: 'unidentified', confidence: 0.6, carrier: 'UPS', slot: 'D4', photo: 'pic1', visit: 'v1', candidates: ['p2', 'p3'], stored: ago(4) };
const parcels = [
  jana, waiting('p2', 'Tomás Herrera', '207'), waiting('p3', 'Sun-Hee Lee', '1103'), loose,
  { ...jana, id: 'p6', slot: 'B3', state: 'held', name: 'Maximiliana Featherstonehaugh-Cholmondeley', unit: '1103', note: 'torn open on one side, the resident has been told by phone' },
  { ...jana, id: 'p7', slot: undefined, state: 'missing', name: 'James Whitfield', unit: '421', photo: 'pic1' },
];
const incident = (id, kind, more) => ({ id, kind, opened: ago(20), pictures: ['pic1', 'pic2', 'pic1'], carrier: 'UPS', visit: 'v1', ...more });
const view = {
  parcels, visits, slots: slots.map((s) => ({ ...s, polygon: [[10, 10], [90, 10], [90, 60], [10, 60]] })), items: [],
  incidents: [
    incident('i1', 'unscanned_placement', { slot: 'D4', parcel: 'p9', camera: 'cam2' }),
    incident('i2', 'wrong_parcel', { slot: 'D2', parcel: 'p7', camera: 'cam2' }),
    incident('i3', 'camera_lost', { camera: 'cam2', pictures: [], carrier: '', visit: '' }),
  ],
  guide: { lights: { D4: 'warn', C1: 'suggest' } }, door: { state: 'open', since: ago(2) }, people: true, now,
  cameras: [{ camera: 'cam1', ok: true, at: now }, { camera: 'cam2', ok: false, problem: 'lost', detail: 'connection refused; trying again', at: now }],
  laser: {
    camera: 'cam1', running: false, planned: 20, width: 320, height: 240, fit: { residual_px: 0.72, worst_px: 1.9, used: 11, outliers: [3] }, mm: 2.9,
    steps: Array.from({ length: 12 }, (_, i) => ({ aim: { pan_deg: i, tilt_deg: -i }, at: [60 + (i % 4) * 62, 70 + Math.floor(i / 4) * 48] })),
  },
  devices: [
    { device: 'controller', driver: 'modbus', serves: ['door', 'lockers'], ok: true, since: ago(500), counts: { timeouts: 3, lost: 1 } },
    { device: 'shelves', driver: 'wled', serves: ['lights'], ok: false, since: ago(12), facts: { slots: 'A1 A2 A3 A4 B1 B2 B3 B4', controller: 'Shelves 0.14.4' },
      problem: 'slot A2 ends at LED 59 and the strip "Shelves" has LEDs 0 to 49: correct the option, or the length in WLED\'s LED preferences' },
    { device: 'stage', driver: 'sacn', serves: ['laser'], ok: false, since: ago(3), problem: 'universe 7 is owned by "Stage desk", whose priority 150 is above ours, 100', counts: { lost: 1 } },
    { device: 'card', driver: 'osdp', serves: ['reader'], ok: true, since: ago(500), facts: { vendor: 'AABBCC', model: '1.2', firmware: '5.6.7' }, counts: { reads: 812, 'garbled frames': 2 } },
  ],
};

const people = [
  ['r1', 'Jana', 'Whitfield-Okonkwo', '412', 'current'], ['r2', 'Maximiliana Theodora', 'Featherstonehaugh-Cholmondeley', '1103', 'notice'],
  ['r3', 'Tomás', 'Herrera', '207', 'future'], ['r4', 'Sun-Hee', 'Lee', '1103', 'past'],
].map(([resident_id, first_name, last_name, unit, status], i) => ({
  resident_id, first_name, last_name, unit, status, aliases: i === 1 ? ['MF Books LLC', 'M. Cholmondeley'] : [],
  email: i < 2 ? `${first_name.split(' ')[0].toLowerCase()}.${last_name.toLowerCase()}@a-rather-long-domain.example.com` : '', phone: i % 2 ? '' : '+15035550100', language: 'en',
}));
const couriers = [
  { id: 'c1', name: 'Dana Reyes', carrier: 'UPS', active: true }, { id: 'c2', name: 'Bartholomew Montgomery-Smythe', carrier: 'UPS', active: true },
  { id: 'c3', name: 'Lou', carrier: 'Amazon', active: false },
];
const tally = (courier, carrier, name, visitCount, scanned, placed, unscanned, unplaced, empty, skipping) =>
  ({ courier, carrier, name, visits: visitCount, scanned, placed, unscanned, unplaced, empty, skipping });
const event = (seq, kind, more) => ({ seq, id: `e${seq}`, kind, time: ago(200 - seq), data: {}, ...more });
const events = [
  event(190, 'incident.opened.v1', { visit: 'v1', parcel: 'p9', slot: 'D4', camera: 'cam2', carrier: 'UPS', reason: 'unscanned_placement', pictures: ['pic1', 'pic2', 'pic1'] }),
  event(189, 'parcel.unidentified.v1', { visit: 'v1', parcel: 'p9', slot: 'D4', carrier: 'UPS', courier: 'c1', pictures: ['pic1', 'pic2', 'pic1'] }),
  event(188, 'prompt.spoken.v1', { visit: 'v1', slot: 'D4', reason: 'prompt.unscanned', data: { values: { slot: 'D4' } } }),
  event(180, 'parcel.resolved.v1', { parcel: 'p6', resident: 'r2', slot: 'B3', carrier: 'UPS', reason: 'held', by: 'ann.keller@the-alder.example.com', data: { reason: 'torn open on one side, the resident has been told by phone' } }),
  event(170, 'parcel.stored.v1', { visit: 'v1', parcel: 'p1', resident: 'r1', courier: 'c1', carrier: 'UPS', slot: 'B3', pictures: ['pic1', 'pic2', 'pic1'] }),
  event(160, 'parcel.registered.v1', { visit: 'v1', parcel: 'p1', resident: 'r1', courier: 'c1', carrier: 'UPS', pictures: ['pic2'], data: { tracking: '1Z999AA10123456784' } }),
  event(150, 'visit.started.v1', { visit: 'v1', courier: 'c1', carrier: 'UPS' }),
  event(20, 'access.denied.v1', { reason: 'throttled' }),
];
const mail = { message: 'm1', channel: 'email', to: people[1].email, state: 'sent', tries: 1, next: now, sent: ago(90), subject: 'A package is here', html: '<p>A package is here</p>', provider: '250 2.0.0 Ok: queued as 4F2B1C', created: ago(95) };
const accounts = [
  { id: 'm1', email: 'ann@example.com', name: 'Ann Keller', role: 'supervisor', created: ago(90_000) },
  { id: 'm2', email: 'bartholomew.montgomery-smythe@a-rather-long-domain.example.com', name: 'Bartholomew Montgomery-Smythe', role: 'manager', created: ago(900) },
];
const recorded = (camera, spans, more = {}) => ({ camera, spans: spans.map(([a, b]) => ({ from: ago(a), to: ago(b) })), clips: [], holds: [], ...more });
const footage = [
  recorded('cam1', [[3000, 40], [33, 0]], { holds: [{ id: 'h1', camera: 'cam1', from: ago(31), to: ago(29), reason: 'the police asked for it', by: 'ann@example.com' }] }),
  recorded('cam2', [[3000, 25], [24, 12], [11, 2]]),
];
const exported = {
  file: '/api/manager/clip?camera=cam1&from=a&to=b',
  certificate: { kind: 'packroom.footage.v1', property: 'The Alder', footage: { camera: 'cam1', from: ago(31), to: ago(30), sha256: '9f86d081884c7d659a2feaa0c55ad015'.repeat(2) }, by: 'ann@example.com',
    entry: { property: 'demo', room: 'main', seq: 4711, id: 'e4711', time: now, hash: 'q80=' }, verify: [] },
};
const credential = (id, form, more) => ({ id, form, kind: 'courier', holder: 'c1', created: ago(9000), ...more });

/** What the API answers, by the path after /api/manager/. */
export const desk = {
  session: { setup: false, setup_code: false, manager: { id: 'm1', email: 'ann@example.com', name: 'Ann Keller', role: 'supervisor' }, property: 'The Alder', timezone: 'America/Los_Angeles' },
  now: view, events, residents: people, couriers, footage, exported, accounts,
  tallies: [
    tally('c1', 'UPS', 'Dana Reyes', 41, 118, 121, 3, 0, 1, 2), tally('c2', 'UPS', 'Bartholomew Montgomery-Smythe', 12, 20, 31, 11, 0, 0, 6),
    tally('c3', 'Amazon', 'Lou', 66, 202, 200, 0, 2, 0, 0), tally('c4', 'DHL', 'Kim', 2, 0, 0, 0, 0, 2, 0),
  ],
  deliveries: [
    { ...mail, id: 'd1' }, { ...mail, id: 'd2', to: '+15035550100', channel: 'sms', html: '', text: 'A package is here, on shelf B3.', subject: '', provider: 'outbox' },
    { ...mail, id: 'd3', state: 'failed', tries: 6, error: '550 5.1.1 mailbox unavailable: no such user here', sent: undefined, provider: '' },
  ],
  services: [
    ['nats', 'running'], ['postgres', 'running'], ['room', 'running'], ['vision', 'unhealthy', 'camera cam2: connection refused'], ['ocr', 'failing', 'signal: killed'],
    ['notify', 'waiting', 'exit status 1'], ['web', 'running'], ['sim', 'stopped'],
  ].map(([name, state, last_error], i) => ({ name, state, restarts: last_error ? 7 : 0, since: ago(i * 7), last_error })),
  kiosks: [{ id: 'k1', kiosk: 'K1', by: 'ann.keller@the-alder.example.com', created: ago(900) }],
  cameras: ['cam1', 'cam2', 'cam3', 'cam4', 'loading_dock'].map((id) => ({
    id, since: now, width: 1280, height: 720, fps: 24.9, sub: true, viewers: 0,
    health: id === 'cam2' ? { camera: id, ok: false, problem: 'lost', detail: 'connection refused: nothing answers at the camera\'s address and port; trying again', at: now } : { camera: id, ok: true, at: now },
  })),
  credentials: [credential('x1', 'pin', {}), credential('x2', 'card', { revoked: ago(20) }), credential('x3', 'qr', { valid_to: ago(-9000), hours: [{ days: ['mon', 'tue'], from: '07:00', to: '19:00' }] })],
};
