// Every page, step and dialog: where it is, and how it is reached from there.
// w is the text of a language by its key.
import { labels } from './room.mjs';

const press = (p, w, key) => p.getByRole('button', { name: w[key] }).first().click();
const opened = (p) => p.getByRole('dialog').or(p.getByRole('alertdialog')).first().waitFor();
const dialog = (key) => async (p, w) => {
  await press(p, w, key);
  await opened(p);
};

const kiosk = (id, act, label) => ({ path: `/kiosk/${id}`, act, label, sizes: ['portrait', 'landscape', 'phone'] });
const kioskPages = {
  idle: kiosk('idle'),
  'idle-wait': kiosk('idle', async (p, w) => {
    await p.keyboard.type('482913', { delay: 90 }); // slower than a reader
    await press(p, w, 'pin.ok');
    await p.locator('.pin-answer strong').waitFor();
  }),
  'idle-unit': kiosk('idle-unit'),
  'idle-unit-pin': kiosk('idle-unit', async (p, w) => {
    await p.getByRole('textbox', { name: w['kiosk.unit_hint'] }).pressSequentially('4b');
    await p.keyboard.press('Enter');
    await p.getByRole('heading', { name: w['kiosk.unit_pin'].replace('{unit}', '4B') }).waitFor();
  }),
  'idle-unit-wait': kiosk('idle-unit', async (p, w) => {
    await p.getByRole('textbox', { name: w['kiosk.unit_hint'] }).pressSequentially('1104B');
    await p.keyboard.press('Enter');
    await p.getByRole('group', { name: 'PIN' }).waitFor();
    await p.keyboard.type('482913', { delay: 90 });
    await press(p, w, 'pin.ok');
    await p.locator('.pin-answer strong').waitFor();
  }),
  'idle-unit-work': kiosk('idle-unit', (p, w) => p.getByRole('button', { name: w['kiosk.work_here'] }).click()),
  'courier-scan': kiosk('courier-scan'),
  'courier-match': kiosk('courier-scan', undefined, labels.match),
  'courier-shortlist': kiosk('courier-scan', undefined, labels.shortlist),
  'courier-search': kiosk('courier-scan', async (p) => { await p.getByRole('searchbox').fill('whit'); await p.getByText('James Whitfield').waitFor(); }, labels.search),
  'courier-again': kiosk('courier-scan', async (p) => { await p.locator('.person').first().click(); await opened(p); }, labels.match),
  'courier-placing': kiosk('courier-placing'),
  'courier-which': kiosk('courier-which'),
  'courier-unscanned': kiosk('courier-unscanned'),
  'courier-no-camera': kiosk('courier-no-camera'),
  'courier-where': kiosk('courier-no-camera', dialog('courier.where')),
  'courier-leave': kiosk('courier-which', dialog('courier.done')),
  resident: kiosk('resident'),
  'resident-wrong': kiosk('resident-wrong'),
  staff: kiosk('staff'),
};

const resident = (id) => ({ path: `/r/${id}`, sizes: ['landscape', 'phone'] });
const residentPages = { 'page-here': resident('here'), 'page-none': resident('none'), 'page-invalid': resident('wrong') };

const desk = (path, act, who = 'in') => ({ path: `/manager${path}`, act, who, sizes: ['landscape', 'phone'] });
const managerPages = {
  'sign-in': desk('', async (p, w) => {
    await p.locator('[name=email]').fill('ann@example.com');
    await p.locator('[name=password]').fill('not this one');
    await press(p, w, 'manager.sign_in');
    await p.getByRole('alert').getByText(w['error.sign_in_wrong']).waitFor();
  }, 'out'),
  'set-up': desk('', async (p, w) => {
    for (const name of ['name', 'code']) await p.locator(`[name=${name}]`).fill('x');
    await p.locator('[name=email]').fill('ann@example.com');
    await p.locator('[name=new-password]').fill('short');
    await p.locator('[name=again]').fill('other');
    await press(p, w, 'manager.setup.do');
  }, 'first'),
  now: desk('', (p) => p.getByRole('row').nth(3).waitFor()),
  wall: desk('/cameras', (p) => p.locator('live-view[state=pictures]').nth(4).waitFor()),
  'wall-one': desk('/cameras?camera=cam2', (p) => p.locator('live-view[state=pictures]').waitFor()),
  shelf: desk('', async (p) => { await p.locator('[data-slot=B3]').focus(); await p.keyboard.press('Enter'); await p.locator('.shelf-list .row').first().waitFor(); }),
  resolve: desk('', dialog('manager.whose')),
  assign: desk('', async (p, w) => {
    await press(p, w, 'manager.whose');
    await p.getByRole('radio', { name: w['manager.act.assign'] }).check();
    await p.getByRole('combobox', { name: w['manager.resolve.resident'] }).fill('whit');
    await p.getByRole('option').first().waitFor();
  }),
  incident: desk('', async (p, w) => {
    await press(p, w, 'manager.incident.close');
    await p.getByLabel(w['manager.reason']).fill('it was found');
    await p.keyboard.press('Enter');
    await p.getByRole('alert').getByText(w['error.incident_closed']).waitFor();
  }),
  unlock: desk('', dialog('manager.unlock')),
  log: desk('/log?span=range', (p) => p.locator('.event').first().waitFor()),
  clip: desk('/log', async (p) => { await p.locator('.event .clip').first().click(); await p.locator('video').waitFor(); await p.locator('.gap-note').waitFor(); }),
  timeline: desk('/timeline?at=2026-11-22T17:25:00Z&span=3600', (p) => p.locator('.track .mark').nth(2).waitFor()),
  'timeline-play': desk('/timeline?at=2026-11-22T17:10:00Z&span=900&camera=cam1', async (p) => { await p.locator('video').waitFor(); await p.locator('.track .hold').waitFor(); }),
  'timeline-export': desk('/timeline?at=2026-11-22T17:10:00Z&span=900&camera=cam1', async (p, w) => {
    await dialog('manager.footage.export')(p, w);
    await p.getByRole('dialog').getByRole('button', { name: w['manager.footage.export.do'], exact: true }).click();
    await p.locator('.made').waitFor();
  }),
  'timeline-hold': desk('/timeline?at=2026-11-22T17:30:00Z&span=900&camera=cam2', async (p, w) => {
    await p.getByRole('button', { name: w['manager.footage.hold'], exact: true }).click();
    await opened(p);
  }),
  picture: desk('/log', async (p) => { await p.locator('.thumb').first().click(); await opened(p); }),
  residents: desk('/residents', (p) => p.getByRole('row').nth(3).waitFor()),
  'resident-edit': desk('/residents', dialog('manager.edit')),
  'moved-out': desk('/residents', dialog('manager.resident.leave')),
  import: desk('/residents', async (p, w) => {
    await press(p, w, 'manager.import');
    await p.locator('input[type=file]').setInputFiles({ name: 'roster.csv', mimeType: 'text/csv', buffer: Buffer.from('a') });
    await p.locator('.problems li').first().waitFor();
  }),
  couriers: desk('/couriers', (p) => p.getByRole('row').nth(2).waitFor()),
  'import-keys': desk('/couriers', async (p, w) => {
    await press(p, w, 'manager.import.keys');
    await p.locator('input[type=file]').setInputFiles({ name: 'keys.csv', mimeType: 'text/csv', buffer: Buffer.from('a') });
    await p.locator('.problems li').nth(1).waitFor();
  }),
  'courier-edit': desk('/couriers', dialog('manager.edit')),
  credentials: desk('/couriers', async (p, w) => { await press(p, w, 'manager.credentials'); await p.locator('.keys .row').first().waitFor(); }),
  'resident-credentials': desk('/residents', async (p, w) => {
    await press(p, w, 'manager.credentials');
    await p.getByLabel(w['manager.terms.kind'], { exact: true }).selectOption('pass');
    await p.getByRole('checkbox', { name: w['manager.terms.hours'] }).check();
    await p.locator('.keys .row').first().waitFor();
  }),
  secret: desk('/couriers', async (p, w) => { await press(p, w, 'manager.credentials'); await press(p, w, 'manager.issue'); await p.locator('.pin').waitFor(); }),
  'switch-off': desk('/couriers', dialog('manager.courier.switch_off')),
  carriers: desk('/carriers', (p) => p.getByRole('row').nth(3).waitFor()),
  outbox: desk('/outbox', (p) => p.locator('.mail').first().waitFor()),
  devices: desk('/devices', (p) => p.getByRole('heading', { name: 'controller' }).waitFor()),
  accounts: desk('/accounts', (p) => p.locator('.row').nth(1).waitFor()),
  'account-add': desk('/accounts', dialog('manager.accounts.add')),
  kiosks: desk('/kiosks', (p) => p.getByRole('heading', { name: 'K1' }).waitFor()),
  'kiosk-link': desk('/kiosks', dialog('manager.kiosk.link')),
  'kiosk-end': desk('/kiosks', dialog('manager.kiosk.end')),
};

export const sizes = { portrait: [1080, 1920], landscape: [1280, 800], phone: [390, 844] };
export const pages = { ...kioskPages, ...residentPages, ...managerPages };
