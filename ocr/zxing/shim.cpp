#define ZX_USE_UTF8
#include "shim.h"

#include <ZXing/ReadBarcode.h>
#include <cstring>
#include <string>

void zx_read(const unsigned char *pix, int width, int height, int stride, int family, int harder, zx_result *out) {
	out->found = 0;
	try {
		ZXing::BarcodeFormats formats;
		switch (family) {
		case ZX_LINEAR: formats = ZXing::BarcodeFormat::Code128 | ZXing::BarcodeFormat::Code39 | ZXing::BarcodeFormat::ITF; break;
		case ZX_QR: formats = ZXing::BarcodeFormat::QRCode; break;
		case ZX_DATAMATRIX: formats = ZXing::BarcodeFormat::DataMatrix; break;
		case ZX_PDF417: formats = ZXing::BarcodeFormat::PDF417; break;
		case ZX_AZTEC: formats = ZXing::BarcodeFormat::Aztec; break;
		default: formats = ZXing::BarcodeFormat::MaxiCode; break;
		}
		ZXing::DecodeHints hints;
		hints.setFormats(formats);
		hints.setTryHarder(harder != 0);
		hints.setTryRotate(family == ZX_PDF417);
		hints.setTryDownscale(false);
		hints.setMaxNumberOfSymbols(1);
		ZXing::ImageView view(pix, width, height, ZXing::ImageFormat::Lum, stride);
		auto r = ZXing::ReadBarcode(view, hints);
		if (!r.isValid())
			return;
		std::string text = r.text(), format = ZXing::ToString(r.format());
		if (text.size() >= sizeof out->text || format.size() >= sizeof out->format)
			return;
		std::memcpy(out->text, text.data(), text.size());
		out->length = static_cast<int>(text.size());
		std::memcpy(out->format, format.c_str(), format.size() + 1);
		auto p = r.position();
		ZXing::PointI corners[4] = {p.topLeft(), p.topRight(), p.bottomRight(), p.bottomLeft()};
		for (int i = 0; i < 4; i++) {
			out->corners[2 * i] = corners[i].x;
			out->corners[2 * i + 1] = corners[i].y;
		}
		out->found = 1;
	} catch (...) {
	}
}
