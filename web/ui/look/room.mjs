// A made-up room for looking at the pages: no server, no hardware.

// The simulated room's map.
export const slots = [
  ['A1', 'shelf', 'cam1', [16.5, 73.5, 14.5, 20.6], 120],
  ['A2', 'shelf', 'cam1', [16.5, 51, 14.5, 20.7], 580],
  ['A3', 'shelf', 'cam1', [16.5, 28.6, 14.5, 20.7], 1040],
  ['A4', 'shelf', 'cam1', [16.5, 2.4, 14.5, 24.4], 1500],
  ['B1', 'shelf', 'cam1', [32.1, 73.5, 14.5, 20.6], 120],
  ['B2', 'shelf', 'cam1', [32.1, 51, 14.5, 20.7], 580],
  ['B3', 'shelf', 'cam1', [32.1, 28.6, 14.5, 20.7], 1040],
  ['B4', 'shelf', 'cam1', [32.1, 2.4, 14.5, 24.4], 1500],
  ['C1', 'shelf', 'cam2', [52.4, 73.5, 14.6, 20.6], 120],
  ['C2', 'shelf', 'cam2', [52.4, 51, 14.6, 20.7], 580],
  ['C3', 'shelf', 'cam2', [52.4, 28.6, 14.6, 20.7], 1040],
  ['C4', 'shelf', 'cam2', [52.4, 2.4, 14.6, 24.4], 1500],
  ['D1', 'shelf', 'cam2', [68, 73.5, 14.6, 20.6], 120],
  ['D2', 'shelf', 'cam2', [68, 51, 14.6, 20.7], 580],
  ['D3', 'shelf', 'cam2', [68, 28.6, 14.6, 20.7], 1040],
  ['D4', 'shelf', 'cam2', [68, 2.4, 14.6, 24.4], 1500],
  ['E1', 'bin', 'cam2', [86.9, 47.3, 10, 14.6], 781],
  ['F1', 'floor', 'cam1', [3, 70.7, 10.6, 29.3], 1],
].map(([id, kind, camera, map, height_mm], i) => ({
  id, kind, camera, map, height_mm, polygon: null, width_mm: 800, fullness: ((i * 37) % 80) / 100,
}));

const now = '2026-11-22T17:40:00Z';
const visit = (kind, more) => ({
  id: 'v1', kind, phase: 'inside', kiosk: 'K1', holder: '', name: 'Dana Reyes', started: now, touched: now, language: 'en', ...more,
});
const parcel = (id, more) => ({ id, state: 'stored', confidence: 0.97, ...more });
const base = {
  kiosk: 'K1', parcels: [], loose: [], slots, guide: {}, prompts: [], door: { state: 'locked', since: now },
  cameras: [{ camera: 'cam1', ok: true, at: now }, { camera: 'cam2', ok: true, at: now }], now,
};
const say = (key, values, urgent) => [{ key, values, urgent, at: now }];

const jana = parcel('p1', { name: 'Jana Whitfield-Okonkwo', unit: '412', carrier: 'UPS', tracking: '1Z999AA10123456784', slot: 'B3', photo: 'pic1' });
const tomas = parcel('p2', { name: 'Tomás Herrera', unit: '207', carrier: 'UPS', tracking: '1Z999AA10198765432', state: 'registered', suggested: 'D3', label_photo: 'pic2' });
const lee = parcel('p3', { name: 'Sun-Hee Lee', unit: '1103', carrier: 'UPS', tracking: '1Z999AA10155555555', state: 'registered', suggested: 'C1', label_photo: 'pic2' });

export const kiosks = {
  idle: base,
  'idle-unit': { ...base, pickup: 'unit_pin' },
  'courier-scan': { ...base, visit: visit('courier', { phase: 'granted', carrier: 'UPS', name: 'Dana Reyes' }), prompts: say('prompt.welcome_courier', {}) },
  'courier-placing': {
    ...base, visit: visit('courier', { carrier: 'UPS' }), parcels: [jana, tomas, lee], suggest: ['C1'],
    guide: { lights: { D3: 'suggest', C1: 'suggest' } }, door: { state: 'open', since: now },
    prompts: say('prompt.placed', { slot: 'B3', name: 'Jana Whitfield-Okonkwo' }),
  },
  'courier-which': {
    ...base, visit: visit('courier', { carrier: 'UPS' }), parcels: [jana, tomas, lee],
    loose: [parcel('p9', { state: 'unidentified', slot: 'D4', photo: 'pic1', candidates: ['p2', 'p3'] })],
    guide: { lights: { D4: 'warn', D3: 'suggest', C1: 'suggest' } }, door: { state: 'open', since: now },
    prompts: say('prompt.which', { slot: 'D4' }),
  },
  'courier-unscanned': {
    ...base, visit: visit('courier', { carrier: 'UPS' }), parcels: [jana],
    loose: [parcel('p9', { state: 'unidentified', slot: 'D4', photo: 'pic1', candidates: [] })],
    guide: { lights: { D4: 'warn' } }, door: { state: 'open', since: now },
    prompts: say('prompt.unscanned', { slot: 'D4', count: '1' }, true),
  },
  'courier-no-camera': {
    ...base, visit: visit('courier', { carrier: 'UPS' }), parcels: [tomas], guide: { lights: { D3: 'suggest' } },
    cameras: [{ camera: 'cam1', ok: false, problem: 'lost', at: now }], door: { state: 'unlocked', since: now },
  },
  resident: {
    ...base, visit: visit('resident', { name: 'Jana', unit: '412', collected: ['p5'] }),
    parcels: [jana, parcel('p4', { name: 'Jana Whitfield', unit: '412', carrier: 'USPS', tracking: '9400111899223197428490', slot: 'F1', photo: 'pic2' }),
      parcel('p5', { name: 'Jana Whitfield', unit: '412', carrier: 'FedEx', tracking: '794644790138', state: 'collected', photo: 'pic1' })],
    guide: { lights: { B3: 'here', F1: 'here' }, target: { slot: 'B3', parcel: 'p1' } }, door: { state: 'unlocked', since: now },
    prompts: say('prompt.take', { slot: 'B3', count: '2', place: 'middle' }),
  },
  'resident-wrong': {
    ...base, visit: visit('resident', { name: 'Jana', unit: '412', in_hand: [{ parcel: 'px', from_slot: 'D2', state: 'stored', at: now }] }),
    parcels: [jana], guide: { lights: { B3: 'here', D2: 'warn' }, target: { slot: 'B3' } }, door: { state: 'open', since: now },
    prompts: say('prompt.wrong_parcel', { slot: 'D2' }, true),
  },
  staff: { ...base, visit: visit('staff', { name: 'Ann Keller' }), door: { state: 'fault', since: now } },
};

const reading = (more) => ({
  picture: 'pic2', carrier: 'UPS', tracking: '1Z999AA10123456784', recipient: 'J WHITFIELD', unit: '412',
  barcodes: [], lines: [], candidates: [], decision: 'none', ms: {}, ...more,
});
const people = [
  { resident_id: 'r1', name: 'Jana Whitfield-Okonkwo', unit: '412', score: 0.97 },
  { resident_id: 'r2', name: 'James Whitfield', unit: '421', score: 0.61 },
  { resident_id: 'r3', name: 'Julia Whitman', unit: '112', score: 0.44 },
  { resident_id: 'r4', name: 'Maximiliana Featherstonehaugh-Whitcombe', unit: '1103', score: 0.42 },
];
const pending = (r, reason = '') => ({ visit: 'v1', picture: 'pic2', reading: r, reason, loose: '' });
export const labels = {
  match: pending(reading({ decision: 'match', candidates: people })),
  shortlist: pending(reading({ decision: 'confirm', reason: 'ambiguous', candidates: people }), 'ambiguous'),
  search: pending(reading({ decision: 'none', reason: 'not_here' }), 'not_here'),
};
export const neighbours = people.map(({ score, ...n }) => n);

export const residents = {
  here: {
    name: 'Jana', unit: '412', language: 'en', property: 'The Alder', timezone: 'America/Los_Angeles', slots, map_known: true,
    here: [
      { id: 'p1', state: 'stored', carrier: 'UPS', tracking: '1Z999AA10123456784', slot: 'B3', photo: 'pic1', stored: '2026-11-22T16:05:00Z' },
      { id: 'p4', state: 'stored', carrier: 'USPS', tracking: '9400111899223197428490', slot: 'F1', photo: 'pic2', stored: '2026-11-21T22:40:00Z' },
    ],
    past: [
      { id: 'p5', state: 'collected', carrier: 'FedEx', tracking: '794644790138', ended: '2026-11-19T02:12:00Z' },
      { id: 'p6', state: 'returned', carrier: 'Amazon', tracking: 'TBA303215446000', ended: '2026-11-11T18:00:00Z' },
    ],
  },
  none: { name: 'Tomás', unit: '207', language: 'es', property: 'The Alder', timezone: 'America/Los_Angeles', slots, map_known: true, here: [], past: [] },
};
