import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  actions?: ComponentChildren;
  /** alert: takes the whole screen and is read at once. */
  tone?: 'plain' | 'warn' | 'alert';
  wide?: boolean;
}

/** A modal dialog of the browser's own kind: Escape closes, focus stays inside and comes back. */
export function Dialog({ title, onClose, children, actions, tone = 'plain', wide }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const d = ref.current;
    const opener = document.activeElement;
    if (d && !d.open) d.showModal();
    d?.querySelector<HTMLElement>('h2')?.focus();
    return () => {
      d?.close();
      // The browser gives focus back only while the dialog is in the page.
      const lost = !document.activeElement || document.activeElement === document.body || d?.contains(document.activeElement);
      if (lost && opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={`dialog ${tone}${wide ? ' wide' : ''}`}
      role={tone === 'plain' ? undefined : 'alertdialog'}
      aria-labelledby={heading}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
    >
      <div class="dialog-body">
        <h2 id={heading} tabIndex={-1}>{title}</h2>
        {children}
      </div>
      {actions && <div class="dialog-actions">{actions}</div>}
    </dialog>
  );
}
