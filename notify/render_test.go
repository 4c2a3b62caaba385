package notify

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
)

var update = flag.Bool("update", false, "rewrite golden files")

var queued = time.Date(2026, 11, 22, 17, 18, 0, 0, time.UTC)

func testConfig(t testing.TB) Config {
	t.Helper()
	return Config{
		Queue:     newQueue(),
		Property:  room.Property{ID: "demo", Name: "The Alder", Street: "1420 NW Alder St", City: "Portland", Timezone: "America/Los_Angeles"},
		Slots:     func(context.Context) ([]room.Slot, error) { return testSlots(), nil },
		PublicURL: "https://packages.example.com/",
		LinkKey:   bytes.Repeat([]byte("k"), 32),
		Log:       slog.New(slog.DiscardHandler),
	}
}

// testSlots are two walls of shelves and a floor zone.
func testSlots() []room.Slot {
	var slots []room.Slot
	for i := range 4 {
		x := float64(4 + i*20)
		slots = append(slots,
			room.Slot{ID: fmt.Sprintf("A%d", i+1), Kind: room.SlotShelf, Map: room.Rect{x, 4, 18, 16}},
			room.Slot{ID: fmt.Sprintf("B%d", i+1), Kind: room.SlotShelf, Map: room.Rect{x, 80, 18, 16}})
	}
	return append(slots, room.Slot{ID: "F1", Kind: room.SlotFloor, Map: room.Rect{86, 30, 12, 40}},
		room.Slot{ID: "E1", Kind: room.SlotBin, Map: room.Rect{4, 40, 6, 20}})
}

func testMessage(kind room.MessageKind, lang string) room.Message {
	m := room.Message{
		ID: "ev1-" + string(kind), Kind: kind, Event: "ev1", Queued: queued,
		Resident: room.Resident{ID: "r1", FirstName: "Zoë", LastName: "O'Hara & Sons", Unit: "4B", Language: lang,
			Email: "zoe@example.com", Phone: "+15035550100"},
		Parcel: room.Parcel{ID: "p1", Carrier: "UPS", Slot: "B3"},
	}
	if kind == room.MessageStored {
		m.Secret = room.Secret{PIN: "73029461", QR: "PR1:ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
	}
	return m
}

func claimOf(m room.Message, channel string) room.Claim {
	for _, d := range plan(m, queued) {
		if d.Channel == channel {
			return room.Claim{Delivery: d, Message: m}
		}
	}
	panic("no such channel: " + channel)
}

func testRenderer(t testing.TB, cfg Config) *renderer {
	t.Helper()
	r, err := newRenderer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; rewrite with -update):\n%s", name, d)
	}
}

func TestAMessageTellsTheUnitToTypeBeforeThePIN(t *testing.T) {
	r := testRenderer(t, testConfig(t))
	for lang, words := range map[string][2]string{
		"en": {"Apartment 4B, your PIN", "type your apartment first"},
		"es": {"Apartamento 4B, su PIN", "escriba primero su apartamento"},
	} {
		m := testMessage(room.MessageStored, lang)
		m.Secret.PIN, m.Secret.Unit = "482915", "4B"
		mail, _, err := r.render(t.Context(), claimOf(m, ChannelEmail))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{mail.Text, mail.HTML} {
			if !strings.Contains(text, words[0]) || !strings.Contains(text, words[1]) || !strings.Contains(text, "482 915") {
				t.Errorf("%s: %s", lang, text)
			}
		}
		sms, kept, err := r.render(t.Context(), claimOf(m, ChannelSMS))
		if err != nil || !strings.Contains(sms.Text, " 4B, PIN 482 915 ") {
			t.Errorf("%s: %q, %v", lang, sms.Text, err)
		}
		if !strings.Contains(kept.Text, " 4B, PIN *** *** ") {
			t.Errorf("%s is kept as %q", lang, kept.Text)
		}
	}
}

func TestEveryKindInEveryLanguageByEveryChannel(t *testing.T) {
	r := testRenderer(t, testConfig(t))
	variants := map[string]func(m *room.Message){
		"full": func(*room.Message) {},
		"least": func(m *room.Message) { // what may be unknown is
			m.Parcel.Carrier, m.Parcel.Slot, m.Secret = "", "", room.Secret{}
		},
		"several": func(m *room.Message) { m.Others = []room.Parcel{{Carrier: "USPS"}, {}}; m.Parcel.Slot = "F1" },
	}
	for _, kind := range []room.MessageKind{room.MessageStored, room.MessageCollected} {
		for _, lang := range languages {
			for variant, change := range variants {
				name := fmt.Sprintf("%s.%s.%s", kind, lang, variant)
				t.Run(name, func(t *testing.T) {
					m := testMessage(kind, lang)
					change(&m)
					mail, kept, err := r.render(t.Context(), claimOf(m, ChannelEmail))
					if err != nil {
						t.Fatal(err)
					}
					text, _, err := r.render(t.Context(), claimOf(m, ChannelSMS))
					if err != nil {
						t.Fatal(err)
					}
					for what, s := range map[string]string{"subject": mail.Subject, "text": mail.Text, "html": mail.HTML, "sms": text.Text, "kept": kept.HTML} {
						if strings.TrimSpace(s) == "" || strings.Contains(s, "<no value>") || strings.Contains(s, "ZgotmplZ") || strings.Contains(s, "{{") {
							t.Errorf("%s: %q", what, s)
						}
					}
					if n := segments(text.Text); n > smsParts {
						t.Errorf("the text message has %d parts: %q", n, text.Text)
					}
					golden(t, name+".txt", "Subject: "+mail.Subject+"\n\n"+mail.Text)
					golden(t, name+".html", mail.HTML)
					golden(t, name+".sms", text.Text+"\n")
				})
			}
		}
	}
}

func TestMailShowsPINPicturesAndLinkAndWhatIsKeptDoesNot(t *testing.T) {
	cfg := testConfig(t)
	dir := room.PictureDir(t.TempDir())
	ref, err := dir.Put(t.Context(), testPhoto(t, 2000, 1500))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Pictures = dir
	m := testMessage(room.MessageStored, "en")
	m.Parcel.Photo = ref
	sent, kept, err := testRenderer(t, cfg).render(t.Context(), claimOf(m, ChannelEmail))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"7302 9461", `src="cid:qr"`, `src="cid:map"`, `src="cid:package"`, `lang="en"`, "https://packages.example.com/r/"} {
		if !strings.Contains(sent.HTML, want) {
			t.Errorf("mail lacks %s", want)
		}
	}
	if strings.Count(sent.HTML, "<img") != strings.Count(sent.HTML, `alt="`) {
		t.Error("an image has no words beside it")
	}
	types := map[string]string{}
	for _, i := range sent.Images {
		img, format, err := image.DecodeConfig(bytes.NewReader(i.Data))
		if err != nil || "image/"+format != i.Type {
			t.Errorf("%s: %s %v", i.CID, format, err)
		}
		if i.CID == "package" && (img.Width != photoWidth || img.Height != 720) {
			t.Errorf("photo is %dx%d", img.Width, img.Height)
		}
		types[i.CID] = i.Type
	}
	if d := cmp.Diff(map[string]string{"qr": "image/png", "map": "image/png", "package": "image/jpeg"}, types); d != "" {
		t.Error(d)
	}
	_, token, _ := strings.Cut(sent.Text, "/r/")
	token, _, _ = strings.Cut(token, "\n")
	if who, err := room.OpenLink(cfg.LinkKey, token, queued.Add(29*24*time.Hour)); err != nil || who != "r1" {
		t.Errorf("link opens %q: %v", who, err)
	}
	for _, secret := range []string{"7302 9461", "73029461", token} {
		if strings.Contains(kept.HTML+kept.Text+kept.Subject, secret) {
			t.Errorf("what is kept shows %s", secret)
		}
	}
	if !strings.Contains(kept.HTML, "QR code, not kept") || strings.Contains(kept.HTML, "cid:") {
		t.Error("what is kept should say that the QR code is not, and bear its pictures itself")
	}
	if strings.Count(kept.HTML, "data:image/") != 2 {
		t.Error("map and photo are missing from what is kept")
	}
}

func TestADemonstrationKeepsItsSecretsReadable(t *testing.T) {
	cfg := testConfig(t)
	cfg.ShowSecrets = true
	_, kept, err := testRenderer(t, cfg).render(t.Context(), claimOf(testMessage(room.MessageStored, "en"), ChannelEmail))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(kept.HTML, "7302 9461") || strings.Count(kept.HTML, "data:image/png") != 2 {
		t.Error("PIN or QR missing")
	}
	_, kept, err = testRenderer(t, cfg).render(t.Context(), claimOf(testMessage(room.MessageStored, "en"), ChannelSMS))
	if err != nil || !strings.Contains(kept.Text, "7302 9461") {
		t.Errorf("text: %q, %v", kept.Text, err)
	}
}

func TestKeptTextMessageHidesThePIN(t *testing.T) {
	_, kept, err := testRenderer(t, testConfig(t)).render(t.Context(), claimOf(testMessage(room.MessageStored, "es"), ChannelSMS))
	if err != nil || strings.Contains(kept.Text, "7302") || !strings.Contains(kept.Text, "PIN **** ****") {
		t.Errorf("%q, %v", kept.Text, err)
	}
}

func TestNamesCannotBreakOutOfTheirPlace(t *testing.T) {
	m := testMessage(room.MessageStored, "en")
	m.Resident.FirstName = `<script>alert(1)</script>`
	m.Parcel.Carrier = "UPS\r\nBcc: everybody@example.com"
	sent, _, err := testRenderer(t, testConfig(t)).render(t.Context(), claimOf(m, ChannelEmail))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(sent.HTML, "<script") {
		t.Error("a name became markup")
	}
	if strings.ContainsAny(sent.Subject, "\r\n") {
		t.Errorf("subject: %q", sent.Subject)
	}
}

func TestAMessageGoesWithoutThePictureThatCannotBeHad(t *testing.T) {
	cfg := testConfig(t)
	dir := room.PictureDir(t.TempDir())
	notOne, err := dir.Put(t.Context(), []byte("not an image"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Pictures = dir
	cfg.Slots = func(context.Context) ([]room.Slot, error) { return nil, errors.New("room service is away") }
	for _, ref := range []string{notOne, strings.Repeat("0", 64)} {
		m := testMessage(room.MessageStored, "en")
		m.Parcel.Photo = ref
		sent, _, err := testRenderer(t, cfg).render(t.Context(), claimOf(m, ChannelEmail))
		if err != nil {
			t.Fatal(err)
		}
		if len(sent.Images) != 1 || strings.Contains(sent.HTML, "cid:map") || strings.Contains(sent.HTML, "cid:package") {
			t.Errorf("images: %d", len(sent.Images))
		}
	}
}

func TestAnUnknownKindIsAnError(t *testing.T) {
	m := testMessage("birthday", "en")
	for _, channel := range []string{ChannelEmail, ChannelSMS} {
		if _, _, err := testRenderer(t, testConfig(t)).render(t.Context(), claimOf(m, channel)); err == nil {
			t.Errorf("%s: no error", channel)
		}
	}
}

func TestTextMessagesStayShort(t *testing.T) {
	cfg := testConfig(t)
	cfg.Property.Name = "Residencias Nuestra Señora de la Asunción, Torre Norte y Jardines"
	cfg.PublicURL = "https://" + strings.Repeat("long-", 10) + "name.example.com"
	for _, lang := range languages {
		for _, carrier := range []string{"UPS", "顺丰速运", strings.Repeat("Ω顺", 40)} {
			m := testMessage(room.MessageStored, lang)
			m.Parcel.Carrier = carrier
			sent, _, err := testRenderer(t, cfg).render(t.Context(), claimOf(m, ChannelSMS))
			if err != nil {
				t.Fatal(err)
			}
			if n := segments(sent.Text); n > smsParts || !strings.Contains(sent.Text, "7302 9461") {
				t.Errorf("%d parts: %q", n, sent.Text)
			}
		}
	}
}

func TestSegments(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
	}{
		{strings.Repeat("a", 160), 1}, {strings.Repeat("a", 161), 2}, {strings.Repeat("a", 306), 2}, {strings.Repeat("a", 307), 3},
		{strings.Repeat("€", 80), 1}, {strings.Repeat("€", 81), 2},
		{strings.Repeat("í", 70), 1}, {strings.Repeat("í", 71), 2}, {strings.Repeat("😀", 35), 1}, {strings.Repeat("😀", 36), 2},
	} {
		if got := segments(tt.text); got != tt.want {
			t.Errorf("%d runes of %q: %d, want %d", len([]rune(tt.text)), tt.text[:1], got, tt.want)
		}
	}
	if got := toGSM("Está aquí — “señor” Łukasz"); got != "Está aquí — “señor” Łukasz" { // Ł has no plain letter beneath
		t.Errorf("%q", got)
	}
	if got := toGSM("Está aquí — “señor” é"); got != `Esta aqui - "señor" é` {
		t.Errorf("%q", got)
	}
}

func TestLanguage(t *testing.T) {
	for tag, want := range map[string]string{"": "en", "es": "es", "es-MX": "es", "ES_mx": "es", "fr": "en", "en-GB": "en"} {
		if got := language(tag); got != want {
			t.Errorf("%q: %s, want %s", tag, got, want)
		}
	}
}

func TestPlanTakesEveryChannelThatTheResidentHas(t *testing.T) {
	for _, tt := range []struct {
		email, phone string
		want         []string
	}{
		{"a@example.com", "+15035550100", []string{"email", "sms"}}, {"a@example.com", " ", []string{"email"}},
		{"", "+15035550100", []string{"sms"}}, {"", "", nil},
	} {
		m := room.Message{ID: "m1", Resident: room.Resident{Email: tt.email, Phone: tt.phone}}
		var got []string
		for _, d := range plan(m, queued) {
			if d.ID != "m1."+d.Channel || d.State != room.DeliveryQueued || d.To == "" || !d.Next.Equal(queued) {
				t.Errorf("%+v", d)
			}
			got = append(got, d.Channel)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Error(d)
		}
	}
}

func TestMapMarksTheSlot(t *testing.T) {
	slots := testSlots()
	for _, s := range []room.Slot{slots[0], slots[3], slots[8], slots[9]} { // at the top, at the bottom, tall, narrow
		b, err := drawMap(slots, s.ID)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range slots {
			inside := place(other).Min.Add(image.Pt(4, 4))
			if marked := img.At(inside.X, inside.Y) == color.Color(mapHere); marked != (other.ID == s.ID) {
				t.Errorf("map of %s: slot %s marked: %v", s.ID, other.ID, marked)
			}
		}
	}
	for _, none := range []string{"", "Z9"} {
		if b, err := drawMap(slots, none); b != nil || err != nil {
			t.Errorf("%q: %d bytes, %v", none, len(b), err)
		}
	}
}

func testPhoto(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{uint8(90 + x*60/w), uint8(70 + y*60/h), 60, 255}
			if x > w/4 && x < w*3/4 && y > h/4 && y < h*4/5 {
				c = color.RGBA{0xc8, 0xa2, 0x6a, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
