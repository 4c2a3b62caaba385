import { prepareZXingModule, writeBarcode } from 'zxing-wasm/writer';
import wasm from 'zxing-wasm/writer/zxing_writer.wasm?url';

let ready = false;

/** A QR code's picture as the address of a blob, made here: a secret goes nowhere else. Revoke it when done. */
export async function drawQR(text: string): Promise<string> {
  if (!ready) {
    prepareZXingModule({ overrides: { locateFile: () => wasm } });
    ready = true;
  }
  const made = await writeBarcode(text, { format: 'QRCode', scale: 8, addQuietZones: true });
  if (!made.image) throw new Error(made.error || 'no QR code');
  return URL.createObjectURL(made.image);
}
