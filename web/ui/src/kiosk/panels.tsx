import type { ComponentChildren } from 'preact';

/** The dark side: where to look. */
export function Stage({ children, class: extra = '' }: { children: ComponentChildren; class?: string }) {
  return <section class={`stage ${extra}`}>{children}</section>;
}

/** The light side: what to do. */
export function Sheet({ children, actions, label }: { children: ComponentChildren; actions?: ComponentChildren; label: string }) {
  return (
    <section class="sheet" aria-label={label}>
      <div class="sheet-body" tabIndex={0}>{children}</div>
      {actions && <div class="sheet-actions">{actions}</div>}
    </section>
  );
}
