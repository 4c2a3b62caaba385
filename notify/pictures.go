package notify

import (
	"bytes"
	"context"
	"fmt"
	htmltemplate "html/template"
	"image"
	"image/jpeg"
	_ "image/png" // pictures may be PNG too

	qrcode "github.com/skip2/go-qrcode"
	"golang.org/x/image/draw"

	"github.com/packroom/packroom/room"
)

// Sizes of pictures in messages, in pixels. They are shown at half of it, so
// that they are sharp on a telephone.
const (
	qrPX         = 400
	photoWidth   = 960
	keptWidth    = 320      // of the photo that is kept with a sent message
	photoPixels  = 50 << 20 // larger ones are not decoded
	photoQuality = 80
)

// messagePictures are the images of one message; nil ones are left out.
type messagePictures struct {
	qr, photo, kept, plan *Image
}

func (p messagePictures) images() []Image {
	var all []Image
	for _, i := range []*Image{p.qr, p.plan, p.photo} {
		if i != nil {
			all = append(all, *i)
		}
	}
	return all
}

func (p messagePictures) cids() (qr, photo, plan htmltemplate.URL) {
	cid := func(i *Image) htmltemplate.URL {
		if i == nil {
			return ""
		}
		return htmltemplate.URL("cid:" + i.CID)
	}
	return cid(p.qr), cid(p.photo), cid(p.plan)
}

func (p messagePictures) inline() (qr, photo, plan htmltemplate.URL) {
	return dataURL(p.qr), dataURL(p.kept), dataURL(p.plan)
}

// pictures makes a message's images. One that cannot be made is left out and
// logged: a message without its picture is better than none.
func (r *renderer) pictures(ctx context.Context, m room.Message, slots []room.Slot) messagePictures {
	var p messagePictures
	fail := func(what string, err error) {
		r.cfg.Log.WarnContext(ctx, "message goes without a picture", "picture", what, "message", m.ID, "error", err)
	}
	if m.Secret.QR != "" {
		png, err := qrPNG(m.Secret.QR)
		if err != nil {
			fail("qr", err)
		} else {
			p.qr = &Image{CID: "qr", Name: "qr.png", Type: "image/png", Data: png}
		}
	}
	if m.Parcel.Photo != "" && r.cfg.Pictures != nil {
		large, small, err := r.photo(ctx, m.Parcel.Photo)
		if err != nil {
			fail("photo", err)
		} else {
			p.photo = &Image{CID: "package", Name: "package.jpg", Type: "image/jpeg", Data: large}
			p.kept = &Image{Type: "image/jpeg", Data: small}
		}
	}
	if m.Kind == room.MessageStored {
		png, err := drawMap(slots, m.Parcel.Slot)
		if err != nil {
			fail("map", err)
		} else if png != nil {
			p.plan = &Image{CID: "map", Name: "map.png", Type: "image/png", Data: png}
		}
	}
	return p
}

func qrPNG(text string) ([]byte, error) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return nil, err
	}
	return q.PNG(qrPX)
}

// photo gives a stored picture in the two sizes that are needed.
func (r *renderer) photo(ctx context.Context, ref string) (large, small []byte, err error) {
	b, err := r.cfg.Pictures.Get(ctx, ref)
	if err != nil {
		return nil, nil, err
	}
	head, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, nil, err
	}
	if head.Width*head.Height > photoPixels {
		return nil, nil, fmt.Errorf("picture of %dx%d pixels is too large", head.Width, head.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, nil, err
	}
	if large, err = jpegOfWidth(img, photoWidth); err != nil {
		return nil, nil, err
	}
	small, err = jpegOfWidth(img, keptWidth)
	return large, small, err
}

// jpegOfWidth scales img down to a width, never up.
func jpegOfWidth(img image.Image, width int) ([]byte, error) {
	size := img.Bounds().Size()
	if size.X > width {
		to := image.NewRGBA(image.Rect(0, 0, width, max(1, size.Y*width/size.X)))
		draw.ApproxBiLinear.Scale(to, to.Bounds(), img, img.Bounds(), draw.Src, nil)
		img = to
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: photoQuality})
	return b.Bytes(), err
}
