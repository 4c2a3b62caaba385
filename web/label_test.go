package web

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/packroom/packroom/room"
)

func TestALabelIsKeptAndRead(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery()
	h.store.residents = []room.Resident{{ID: "r1", Status: room.ResidentCurrent}}
	h.read = func(_ context.Context, q room.ReadRequest) (room.Reading, error) {
		if _, err := h.pictures.Get(t.Context(), q.Picture); err != nil || q.Property != "demo" {
			t.Errorf("OCR was asked for %+v before the picture was kept: %v", q, err)
		}
		return room.Reading{Carrier: "UPS", Tracking: "1Z1", Decision: room.DecisionMatch, Appearance: []float32{1, 2},
			Lines: []room.TextLine{{Text: "line"}}, Candidates: []room.Candidate{{ResidentID: "r1"}}}, nil
	}
	got := decode[labelAnswer](t, h.ask("POST", "/api/kiosk/K1/label?visit=v1", photo(t)))
	if got.Reading.Tracking != "1Z1" || got.Reading.Lines != nil || got.Reading.Appearance != nil || got.Picture == "" {
		t.Errorf("answer %+v", got)
	}
	h.want(h.ask("POST", "/api/kiosk/K1/register", map[string]string{"resident": "r1", "label_photo": got.Picture}), http.StatusOK, "")
	reg := h.room.commands()[0].(room.RegisterParcel)
	if reg.Reading == nil || len(reg.Reading.Appearance) != 2 || reg.LabelPhoto != got.Picture {
		t.Errorf("what OCR saw did not reach the room: %+v", reg)
	}
}

func TestARestartBetweenReadingAndConfirmationLosesNothing(t *testing.T) {
	before := open(t)
	before.room.kiosk = delivery()
	label := decode[labelAnswer](t, before.ask("POST", "/api/kiosk/K1/label?visit=v1", photo(t)))

	register := func(read func(context.Context, room.ReadRequest) (room.Reading, error)) room.RegisterParcel {
		h := open(t, func(c *Config) { c.Pictures = before.pictures })
		h.room.kiosk = delivery()
		h.store.residents = []room.Resident{{ID: "r1", Status: room.ResidentCurrent}}
		h.read = read
		h.want(h.ask("POST", "/api/kiosk/K1/register", map[string]string{"resident": "r1", "label_photo": label.Picture}), http.StatusOK, "")
		return h.room.commands()[0].(room.RegisterParcel)
	}
	again := register(func(_ context.Context, q room.ReadRequest) (room.Reading, error) {
		return room.Reading{Recipient: "JANA", Appearance: []float32{1, 2}, Picture: q.Picture}, nil
	})
	if again.Reading == nil || again.Reading.Picture != label.Picture || len(again.Reading.Appearance) != 2 {
		t.Errorf("the photograph was not read again: %+v", again)
	}
	alone := register(func(context.Context, room.ReadRequest) (room.Reading, error) {
		return room.Reading{}, room.ErrUnavailable
	})
	if alone.Reading != nil || alone.LabelPhoto != label.Picture || alone.Resident != "r1" {
		t.Errorf("without a reader the courier's choice does not stand: %+v", alone)
	}
}

func TestALabelThatNoReaderAnsweredForIsNotReadTwice(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery()
	asked := 0
	h.read = func(context.Context, room.ReadRequest) (room.Reading, error) {
		asked++
		return room.Reading{}, room.ErrUnavailable
	}
	f := h.want(h.ask("POST", "/api/kiosk/K1/label?visit=v1", photo(t)), http.StatusServiceUnavailable, "unavailable")
	h.want(h.ask("POST", "/api/kiosk/K1/register", map[string]string{"label_photo": f.Picture}), http.StatusOK, "")
	if asked != 1 {
		t.Errorf("the courier waited for %d readings", asked)
	}
}

func TestAKioskShowsThePhotographThatItsVisitTook(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery()
	label := decode[labelAnswer](t, h.ask("POST", "/api/kiosk/K1/label?visit=v1", photo(t)))
	h.want(h.ask("GET", "/api/kiosk/K1/pictures/"+label.Picture, nil), http.StatusOK, "")
	next := delivery()
	next.Visit.ID = "v2"
	h.room.set(next)
	h.want(h.ask("GET", "/api/kiosk/K1/pictures/"+label.Picture, nil), http.StatusNotFound, "not_found")
}

func TestALabelMayComeInAForm(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("note", "not the file")
	part, _ := form.CreateFormFile("photo", "label.jpg")
	_, _ = part.Write(photo(t))
	_ = form.Close()
	r := h.request("POST", "/api/kiosk/K1/label", io.Reader(&body))
	r.Header.Set("Content-Type", form.FormDataContentType())
	h.want(h.do(r), http.StatusOK, "")
	if len(h.pictures.all) != 1 {
		t.Errorf("%d pictures kept", len(h.pictures.all))
	}
}

// form is a request body of several photographs.
func form(t *testing.T, photos ...[]byte) (body io.Reader, kind string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range photos {
		part, err := w.CreateFormFile("photo", "label.jpg")
		if err == nil {
			_, err = part.Write(p)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

func (h *house) show(photos ...[]byte) *httptest.ResponseRecorder {
	h.t.Helper()
	body, kind := form(h.t, photos...)
	r := h.request("POST", "/api/kiosk/K1/label?visit=v1", body)
	r.Header.Set("Content-Type", kind)
	return h.do(r)
}

func TestOfSeveralPhotographsTheOneThatWasReadIsKept(t *testing.T) {
	frames := &fakePictures{all: map[string][]byte{}}
	h := open(t, func(c *Config) { c.Frames = frames })
	h.room.kiosk = delivery()
	photos := [][]byte{append(photo(t), 0), append(photo(t), 1), append(photo(t), 2)}
	h.read = func(_ context.Context, q room.ReadRequest) (room.Reading, error) {
		for i, ref := range append([]string{q.Picture}, q.Frames...) {
			if b, err := frames.Get(t.Context(), ref); err != nil || !bytes.Equal(b, photos[i]) {
				t.Errorf("photograph %d was not there for the reader: %v", i, err)
			}
		}
		return room.Reading{Frame: 2, Decision: room.DecisionMatch}, nil
	}
	got := decode[labelAnswer](t, h.show(photos...))
	if kept, err := h.pictures.Get(t.Context(), got.Picture); err != nil || !bytes.Equal(kept, photos[2]) || len(h.pictures.all) != 1 {
		t.Errorf("kept %d pictures, %v", len(h.pictures.all), err)
	}
}

func TestOfSeveralPhotographsOneIsKeptWhereNoReaderAnswers(t *testing.T) {
	h := open(t, func(c *Config) { c.Frames = &fakePictures{all: map[string][]byte{}} })
	h.room.kiosk = delivery()
	h.read = func(context.Context, room.ReadRequest) (room.Reading, error) {
		return room.Reading{}, room.ErrUnavailable
	}
	f := h.want(h.show(photo(t), append(photo(t), 1)), http.StatusServiceUnavailable, "unavailable")
	if _, err := h.pictures.Get(t.Context(), f.Picture); err != nil || len(h.pictures.all) != 1 {
		t.Errorf("kept %d pictures, %v", len(h.pictures.all), err)
	}
}

func TestNoMorePhotographsThanAFewAreTakenAtOnce(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery()
	h.read = func(_ context.Context, q room.ReadRequest) (room.Reading, error) {
		if n := 1 + len(q.Frames); n != mostFrames {
			t.Errorf("the reader got %d photographs", n)
		}
		return room.Reading{}, nil
	}
	var many [][]byte
	for i := range mostFrames + 3 {
		many = append(many, append(photo(t), byte(i)))
	}
	h.want(h.show(many...), http.StatusOK, "")
	h.want(h.show(), http.StatusUnprocessableEntity, "invalid")
	h.want(h.show(photo(t), []byte("no picture")), http.StatusUnprocessableEntity, "invalid")
}

func TestAReaderThatNamesAPhotographThatWasNotSentIsNotBelieved(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery()
	h.read = func(context.Context, room.ReadRequest) (room.Reading, error) { return room.Reading{Frame: 7}, nil }
	h.want(h.show(photo(t)), http.StatusInternalServerError, "internal")
}

func TestBadPhotographsAreRefusedInClearWords(t *testing.T) {
	whole := photo(t)
	for name, c := range map[string]struct {
		body   []byte
		status int
		words  string
	}{
		"nothing":             {[]byte{}, 422, "empty"},
		"a text":              {[]byte("dear neighbour, this is no picture at all"), 422, "not a picture"},
		"a web page":          {[]byte("<html><script>alert(1)</script></html>"), 422, "not a picture"},
		"a PDF":               {[]byte("%PDF-1.7\n%âãÏÓ"), 422, "not a picture"},
		"a truncated picture": {whole[:len(whole)/2], 422, "cut off"},
		"a header alone":      {whole[:20], 422, "cut off"},
		"a bomb":              {hugePNG(), 422, "50 million"},
		"40 MB":               {make([]byte, 40<<20), 413, "12 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			h.room.kiosk = delivery()
			f := h.want(h.ask("POST", "/api/kiosk/K1/label", c.body), c.status, "")
			if !strings.Contains(f.Text, c.words) {
				t.Errorf("it says %q, not %q", f.Text, c.words)
			}
			if len(h.pictures.all) != 0 {
				t.Error("it was kept")
			}
		})
	}
}

// chunked hides a body's length.
type chunked struct{ io.Reader }

func TestAnEndlessUploadIsCutOff(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery()
	r := h.request("POST", "/api/kiosk/K1/label", chunked{io.LimitReader(zeros{}, 40<<20)})
	r.ContentLength = -1
	h.want(h.do(r), http.StatusRequestEntityTooLarge, "too_large")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestThePhotographIsKeptWhileNoOCRWorkerAnswers(t *testing.T) {
	h := open(t)
	h.room.kiosk = delivery()
	h.read = func(context.Context, room.ReadRequest) (room.Reading, error) {
		return room.Reading{}, fmt.Errorf("read label: %w", room.ErrUnavailable)
	}
	f := h.want(h.ask("POST", "/api/kiosk/K1/label", photo(t)), http.StatusServiceUnavailable, "unavailable")
	if _, err := h.pictures.Get(t.Context(), f.Picture); err != nil || !strings.Contains(f.Text, "photograph is kept") {
		t.Errorf("picture %q, %v: %s", f.Picture, err, f.Text)
	}
}

func TestNoLabelWithoutADelivery(t *testing.T) {
	h := open(t)
	h.want(h.ask("POST", "/api/kiosk/K1/label", photo(t)), http.StatusConflict, "conflict")
	if len(h.pictures.all) != 0 {
		t.Error("a stranger's picture was kept")
	}
}

func TestAHandScannersBarcodeIsALabelWithoutAPhotograph(t *testing.T) {
	h := open(t, func(c *Config) {
		c.Recognize = func(s string) (string, string, bool) { return "UPS", "1Z999AA10123456784", s == "1z999aa10123456784" }
	})
	h.room.kiosk = delivery()
	got := decode[labelAnswer](t, h.ask("POST", "/api/kiosk/K1/barcode", map[string]string{"text": "1z999aa10123456784"}))
	if got.Reading.Carrier != "UPS" || got.Reading.Tracking != "1Z999AA10123456784" || got.Picture != "" {
		t.Errorf("known number: %+v", got.Reading)
	}
	got = decode[labelAnswer](t, h.ask("POST", "/api/kiosk/K1/barcode", map[string]string{"text": "SHOP-000017"}))
	if got.Reading.Carrier != "" || got.Reading.Tracking != "SHOP-000017" {
		t.Errorf("unknown number: %+v", got.Reading)
	}
	h.want(h.ask("POST", "/api/kiosk/K1/barcode", map[string]string{"text": "12"}), http.StatusUnprocessableEntity, "invalid")
}

func TestReadingsForgetTheOldest(t *testing.T) {
	r := newReadings(2)
	for _, ref := range []string{"a", "b", "a", "c"} {
		r.put(ref, taken{visit: ref})
	}
	if _, known := r.get("a"); known || len(r.byRef) != 2 || r.byRef["b"].visit != "b" || r.byRef["c"].visit != "c" {
		t.Errorf("kept %v", r.byRef)
	}
}

// hugePNG has a header of 30000 x 30000 pixels and nothing else.
func hugePNG() []byte {
	head := binary.BigEndian.AppendUint32(nil, 30000)
	head = binary.BigEndian.AppendUint32(head, 30000)
	head = append(head, 8, 2, 0, 0, 0)
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	b = append(b, head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(append([]byte("IHDR"), head...)))
}
