import { useRef } from 'preact/hooks';
import { t } from '../i18n';
import type { Signal, Slot } from '../types';

interface Props {
  slots: Slot[];
  signals?: Record<string, Signal>;
  /** Slots to point out: a ring and a pin, with or without a light. */
  highlight?: string[];
  /** Packages by slot, shown as a count. */
  counts?: Record<string, number>;
  /** Draws how full each slot is. */
  fullness?: boolean;
  selected?: string;
  /** Makes slots buttons. */
  onPick?: (slot: string) => void;
  label?: string;
  /** Width of the map over its height. */
  aspect?: number;
}

const gap = 0.5;

/** The room's slots seen from the front, as people find them. */
export function ShelfMap({
  slots, signals = {}, highlight = [], counts = {}, fullness, selected, onPick, label, aspect = 1.6,
}: Props) {
  const svg = useRef<SVGSVGElement>(null);
  const width = 100 * aspect;
  const bright = new Set(highlight);
  const order = [...slots].sort((a, b) => a.map[1] - b.map[1] || a.map[0] - b.map[0]);
  const first = selected ?? highlight[0] ?? order[0]?.id;

  const say = (s: Slot): string => {
    const parts = [t('map.slot', { slot: s.id })];
    const signal = signals[s.id];
    if (signal && signal !== 'off') parts.push(t(`signal.${signal}`));
    else if (bright.has(s.id)) parts.push(t('signal.here'));
    const n = counts[s.id];
    if (n) parts.push(t('map.packages', { count: n }));
    if (fullness && s.fullness !== undefined) parts.push(t('map.full', { percent: Math.round(s.fullness * 100) }));
    return parts.join(', ');
  };

  const onKeyDown = (e: KeyboardEvent, s: Slot) => {
    if (e.key === 'Enter' || e.key === ' ') {
      e.preventDefault();
      onPick?.(s.id);
      return;
    }
    const to = neighbour(order, s, e.key);
    if (!to) return;
    e.preventDefault();
    svg.current?.querySelector<SVGGElement>(`[data-slot="${CSS.escape(to.id)}"]`)?.focus();
  };

  const marked = order.filter((s) => bright.has(s.id) || (signals[s.id] && signals[s.id] !== 'off'));
  const summary = [label ?? t('map.label'), ...marked.map(say)].join('. ');

  return (
    <svg
      ref={svg}
      class={`shelf-map${onPick ? ' pick' : ''}`}
      viewBox={`0 0 ${width} 100`}
      role={onPick ? 'group' : 'img'}
      aria-label={onPick ? (label ?? t('map.label')) : summary}
    >
      <defs>
        <pattern id="warn-stripes" width="3" height="3" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="1.2" height="3" class="stripe" />
        </pattern>
      </defs>
      {order.map((s) => {
        const [px, py, pw, ph] = s.map;
        const x = (px / 100) * width + gap;
        const w = (pw / 100) * width - 2 * gap;
        const y = py + gap;
        const h = ph - 2 * gap;
        const signal: Signal = signals[s.id] ?? (bright.has(s.id) ? 'here' : 'off');
        const size = Math.min(h * 0.5, w / (s.id.length * 0.72 + 0.6), 12);
        const filled = fullness && s.fullness !== undefined ? Math.min(1, Math.max(0, s.fullness)) : undefined;
        return (
          <g
            key={s.id}
            data-slot={s.id}
            class={`slot kind-${s.kind} signal-${signal}${selected === s.id ? ' selected' : ''}`}
            {...(onPick && {
              role: 'button',
              tabindex: s.id === first ? 0 : -1,
              'aria-label': say(s),
              'aria-pressed': selected === s.id ? 'true' : 'false',
              onClick: () => onPick(s.id),
              onKeyDown: (e: KeyboardEvent) => onKeyDown(e, s),
            })}
          >
            <rect class="slot-box" x={x} y={y} width={w} height={h} rx="1.4" />
            {signal === 'warn' && <rect class="slot-stripes" x={x} y={y} width={w} height={h} rx="1.4" fill="url(#warn-stripes)" />}
            {filled !== undefined && (
              <>
                <rect class="slot-track" x={x + 1.6} y={y + h - 2.8} width={Math.max(0, w - 3.2)} height="1.3" rx="0.65" />
                <rect class="slot-fill" x={x + 1.6} y={y + h - 2.8} width={Math.max(0, w - 3.2) * filled} height="1.3" rx="0.65" />
              </>
            )}
            <text class="slot-name" x={x + w / 2} y={y + h / 2} font-size={size} dy="0.36em">
              {s.id}
            </text>
            {signal === 'suggest' && <path class="slot-mark" d={arrow(x + 3.6, y + 3.8)} />}
          </g>
        );
      })}
      <g class="slot-counts" aria-hidden="true">
        {order.filter((s) => counts[s.id]).map((s) => (
          <g key={s.id} class="slot-count" transform={`translate(${((s.map[0] + s.map[2]) / 100) * width - gap - 3.2} ${s.map[1] + gap + 3.2})`}>
            <circle r="2.5" />
            <text font-size="3.4" dy="0.36em">{counts[s.id]}</text>
          </g>
        ))}
      </g>
    </svg>
  );
}

const arrow = (x: number, y: number) => `M${x} ${y - 2}v4m-1.6-1.6L${x} ${y + 2}l1.6-1.6`;

/** The nearest slot in an arrow key's direction. */
export function neighbour(slots: Slot[], from: Slot, key: string): Slot | undefined {
  const dir = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (!dir) return undefined;
  const [dx, dy] = dir as [number, number];
  const mid = (s: Slot): [number, number] => [s.map[0] + s.map[2] / 2, s.map[1] + s.map[3] / 2];
  const [x, y] = mid(from);
  let best: Slot | undefined;
  let least = Infinity;
  for (const s of slots) {
    const [sx, sy] = mid(s);
    const along = (sx - x) * dx + (sy - y) * dy;
    const across = Math.abs((sx - x) * dy) + Math.abs((sy - y) * dx);
    if (s.id === from.id || along <= 0.01) continue;
    const cost = along + 2 * across;
    if (cost < least) [best, least] = [s, cost];
  }
  return best;
}
