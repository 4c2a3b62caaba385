// How long Chromium takes from asking for a live picture to its first frame.
import { launch } from './browser.mjs';

/** firstFrames opens n live pictures of a camera one after the other, and gives the milliseconds each took. */
export async function firstFrames(house, camera, n) {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const signin = house.welcome().credentials.find((c) => c.who === 'manager').signin;
    await page.goto(`${house.url}/manager/cameras`);
    await page.getByLabel('E-mail address').fill('manager@example.com');
    await page.getByLabel('Password').fill(/password (\S+)/.exec(signin)[1]);
    await page.keyboard.press('Enter');
    await page.locator('live-view').first().waitFor();
    return await page.evaluate(async ({ camera, n }) => {
      document.querySelectorAll('live-view').forEach((v) => v.remove()); // it has the processor alone
      const took = [];
      for (let i = 0; i < n; i++) {
        await new Promise((ok) => setTimeout(ok, 700 + 130 * i)); // at different places between keyframes
        const view = document.createElement('live-view');
        view.setAttribute('camera', camera);
        document.body.append(view);
        const began = performance.now();
        const first = new Promise((ok) => view.video.requestVideoFrameCallback(() => ok(performance.now() - began)));
        view.play();
        took.push(await first);
        view.remove();
      }
      return took;
    }, { camera, n });
  } finally {
    await browser.close();
  }
}
