const paths = {
  box: 'M4 8l8-4 8 4v9l-8 4-8-4zM4 8l8 4 8-4M12 12v9',
  now: 'M4 4h16v16H4zM4 12h16M12 4v16',
  cameras: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  log: 'M5 5h14M5 10h14M5 15h9M5 20h6',
  timeline: 'M3 6h7M13 6h8M3 12h4M10 12h11M3 18h11M17 18h4M12 3v18',
  residents: 'M8 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2 20c0-3.5 2.5-5.5 6-5.5s6 2 6 5.5M16 4.5a3.2 3.2 0 0 1 0 6M17.5 14.8c2.8.5 4.5 2.3 4.5 5.2',
  couriers: 'M2 6h11v10H2zM13 9h4.5L21 13v3h-8M6.5 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM16.5 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
  outbox: 'M3 6h18v13H3zM3 7l9 7 9-7',
  devices: 'M9 3v5M15 3v5M6 8h12v4a6 6 0 0 1-12 0zM12 18v3',
  kiosks: 'M6 3h12v14H6zM9 21h6M12 17v4M10 13h4',
  out: 'M10 4H4v16h6M9 12h11M16 8l4 4-4 4',
  play: 'M7 4l13 8-13 8z',
  camera: 'M3 7h12v10H3zM15 11l6-3v8l-6-3z',
  warn: 'M12 3l10 18H2zM12 10v5M12 17.5v.5',
} as const;

export type IconName = keyof typeof paths;

/** A drawn sign beside a word, never in its place. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" focusable="false">
      <path d={paths[name]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" stroke-linecap="round" />
    </svg>
  );
}
