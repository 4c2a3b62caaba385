#pragma once
#ifdef __cplusplus
extern "C" {
#endif

enum { ZX_LINEAR = 0, ZX_QR = 1, ZX_DATAMATRIX = 2, ZX_PDF417 = 3, ZX_AZTEC = 4, ZX_MAXICODE = 5 };

typedef struct {
	int found;
	char format[24];
	int length;
	char text[4000];
	int corners[8]; // x, y: top left, top right, bottom right, bottom left in reading order
} zx_result;

// zx_read reads at most one symbol of one family from 8 bit grey pixels. It
// never throws.
void zx_read(const unsigned char *pix, int width, int height, int stride, int family, int harder, zx_result *out);

#ifdef __cplusplus
}
#endif
