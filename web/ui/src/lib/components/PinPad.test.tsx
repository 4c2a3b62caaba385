import { render } from 'preact';
import { act } from 'preact/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PinPad } from './PinPad';

afterEach(() => render(null, document.body));

const key = (k: string) => act(() => void document.body.dispatchEvent(new KeyboardEvent('keydown', { key: k, bubbles: true })));
const dots = () => document.querySelectorAll('.dot.full').length;
const show = (props: Partial<Parameters<typeof PinPad>[0]> = {}) => {
  const onPin = vi.fn();
  act(() => render(<PinPad onPin={onPin} {...props} />, document.body));
  return onPin;
};

describe('the PIN pad', () => {
  it('takes fingers and number keys alike', async () => {
    const onPin = show();
    const button = (text: string) => [...document.querySelectorAll('button')].find((b) => b.textContent === text)!;
    await act(() => button('4').click());
    for (const k of '829') await key(k);
    expect(dots()).toBe(4);
    await key('Backspace');
    await key('1');
    await act(() => button('OK').click());
    expect(onPin).toHaveBeenCalledWith('4821');
  });

  it('sends nothing shorter than four digits', async () => {
    const onPin = show();
    for (const k of ['1', '2', '3', 'Enter']) await key(k);
    expect(onPin).not.toHaveBeenCalled();
  });

  it('takes nothing while it is off', async () => {
    const onPin = show({ disabled: true });
    for (const k of ['1', '2', '3', '4', 'Enter']) await key(k);
    expect(dots()).toBe(0);
    expect(onPin).not.toHaveBeenCalled();
  });

  it('is empty again after an attempt', async () => {
    show({ attempt: 1 });
    for (const k of '1234') await key(k);
    show({ attempt: 2 });
    await key('Shift');
    expect(dots()).toBe(0);
  });
});
