import { defineConfig, type Plugin } from 'vite';

const server = process.env.PACKROOM_URL ?? 'http://127.0.0.1:7070';

/** Serves the three pages at the addresses that the Go server gives them. */
function pageRoutes(): Plugin {
  return {
    name: 'packroom-page-routes',
    configureServer(dev) {
      dev.middlewares.use((req, _res, next) => {
        const path = (req.url ?? '').split('?')[0] ?? '';
        if (/^\/kiosk\/[^/]+$/.test(path)) req.url = '/kiosk.html';
        else if (/^\/r\/[^/]+$/.test(path)) req.url = '/resident.html';
        else if (/^\/manager(\/|$)/.test(path) && !path.endsWith('.html')) req.url = '/manager.html';
        next();
      });
    },
  };
}

export default defineConfig({
  plugins: [pageRoutes()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { proxy: { '/api': server, '/live': server } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ['kiosk.html', 'resident.html', 'manager.html'] },
  },
});
