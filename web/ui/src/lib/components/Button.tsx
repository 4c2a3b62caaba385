import type { ComponentChildren, JSX } from 'preact';

type Props = {
  kind?: 'primary' | 'secondary' | 'quiet' | 'danger';
  size?: 'm' | 'l' | 'xl';
  busy?: boolean;
  wide?: boolean;
  children: ComponentChildren;
  class?: string;
} & Omit<JSX.IntrinsicElements['button'], 'size' | 'class' | 'children'>;

/** A button. While busy it keeps its place and focus but takes no press. */
export function Button({ kind = 'secondary', size = 'm', busy, wide, children, class: extra, onClick, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      class={`button ${kind} size-${size}${wide ? ' wide' : ''}${extra ? ` ${extra}` : ''}`}
      aria-busy={busy ? 'true' : undefined}
      onClick={busy ? undefined : onClick}
    >
      {children}
    </button>
  );
}
