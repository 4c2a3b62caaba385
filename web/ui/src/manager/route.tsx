import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

/** The pages in the rail; the carriers' is reached from the couriers', the accounts' from one's own name. */
export const pages = ['now', 'cameras', 'log', 'timeline', 'residents', 'couriers', 'outbox', 'devices', 'kiosks'] as const;
export type Page = (typeof pages)[number] | 'carriers' | 'accounts';

const pageOf = (path: string): Page => {
  const word = path.split('/')[2] ?? '';
  return word === 'carriers' || word === 'accounts' || (pages as readonly string[]).includes(word) ? (word as Page) : 'now';
};

export const page = signal<Page>(pageOf(location.pathname));
export const search = signal(location.search);

window.addEventListener('popstate', () => {
  page.value = pageOf(location.pathname);
  search.value = location.search;
});

export const hrefOf = (p: Page, query = ''): string => `/manager${p === 'now' ? '' : `/${p}`}${query}`;

export function go(p: Page, query = ''): void {
  history.pushState(null, '', hrefOf(p, query));
  search.value = query;
  page.value = p;
  window.scrollTo(0, 0);
}

/** Changes what the address says of the page that is shown. */
export function keep(query: string): void {
  history.replaceState(null, '', hrefOf(page.value, query));
  search.value = query;
}

interface LinkProps {
  to: Page;
  query?: string;
  class?: string;
  current?: boolean;
  children: ComponentChildren;
}

/** A link within the page; with a modifier key it opens as links do. */
export function Link({ to, query = '', class: extra, current, children }: LinkProps) {
  return (
    <a
      href={hrefOf(to, query)}
      class={extra}
      aria-current={current ? 'page' : undefined}
      onClick={(e) => {
        if (e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || e.button !== 0) return;
        e.preventDefault();
        go(to, query);
      }}
    >
      {children}
    </a>
  );
}
