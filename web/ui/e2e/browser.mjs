// Chromium as tests and screenshots need it.
import { chromium } from 'playwright-core';

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** launch starts Chromium; film is what its camera shows, an MJPEG file. */
export const launch = (film) => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
  args: film ? [...args, `--use-file-for-fake-video-capture=${film}`] : args,
});
