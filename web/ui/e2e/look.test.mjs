// Every page, step and dialog over a made-up room: nothing is wrong for axe, too
// wide, cut or too small for a finger, in any size and language.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { walk } from '../look/walk.mjs';
import { launch } from './browser.mjs';

test('no page has a fault in any size or language', async () => {
  const browser = await launch();
  try {
    assert.deepEqual(await walk(browser), []);
  } finally {
    await browser.close();
  }
});
