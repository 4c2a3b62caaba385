import { useEffect, useState } from 'preact/hooks';
import { t } from '../lib/i18n';

/** A QR code in a frame that is there before it is drawn. */
export function QR({ text, label }: { text: string; label: string }) {
  const [src, setSrc] = useState('');
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let over = false;
    let url = '';
    import('./qr').then((m) => m.drawQR(text)).then(
      (u) => {
        url = u;
        if (over) URL.revokeObjectURL(u);
        else setSrc(u);
      },
      () => setFailed(true),
    );
    return () => {
      over = true;
      if (url) URL.revokeObjectURL(url);
    };
  }, [text]);
  return <div class="qr">{src ? <img src={src} alt={label} /> : <p>{t(failed ? 'manager.qr.failed' : 'loading')}</p>}</div>;
}
