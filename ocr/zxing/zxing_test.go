package zxing

import (
	"testing"

	"github.com/skip2/go-qrcode"

	"github.com/packroom/packroom/ocr"
)

func TestReadsQR(t *testing.T) {
	q, err := qrcode.New("TBA650413818300,822962145", qrcode.Medium)
	if err != nil {
		t.Fatal(err)
	}
	img := q.Image(300)
	g := ocr.Gray{Width: 300, Height: 300, Pix: make([]byte, 300*300)}
	for y := range 300 {
		for x := range 300 {
			r, _, _, _ := img.At(x, y).RGBA()
			g.Pix[y*300+x] = byte(r >> 8)
		}
	}
	for turn := range 4 {
		c, ok := Reader{}.One(g.Turn(turn), ocr.QR)
		if !ok || c.Text != "TBA650413818300,822962145" || c.Format != "QRCode" {
			t.Errorf("turned %d: %v %+v", turn, ok, c)
		}
	}
	if c, ok := (Reader{}).One(g, ocr.Linear); ok {
		t.Errorf("a linear code in a QR code: %+v", c)
	}
}

func TestNothingInNothing(t *testing.T) {
	for _, g := range []ocr.Gray{{}, {Width: 1, Height: 1, Pix: []byte{0}}, {Width: 100, Height: 100, Pix: make([]byte, 5)}, {Width: 64, Height: 64, Pix: make([]byte, 64*64)}} {
		for family := ocr.Linear; family <= ocr.MaxiCode; family++ {
			if c, ok := (Reader{}).One(g, family); ok {
				t.Errorf("%dx%d: %+v", g.Width, g.Height, c)
			}
		}
	}
}
