import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader';
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url';

let ready = false;

/** The text of a QR code in the picture. The decoder is WebAssembly of this build: no network is needed. */
export async function readQR(image: ImageData): Promise<string | undefined> {
  if (!ready) {
    prepareZXingModule({ overrides: { locateFile: () => wasm } });
    ready = true;
  }
  const found = await readBarcodes(image, { formats: ['QRCode'], maxNumberOfSymbols: 1, tryHarder: true });
  return found.find((r) => r.isValid)?.text || undefined;
}
