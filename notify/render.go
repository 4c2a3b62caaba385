package notify

import (
	"context"
	"embed"
	"encoding/base64"
	"fmt"
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/packroom/packroom/room"
)

//go:embed templates
var templateFiles embed.FS

// linkTTL is how long a link in a message opens the resident's page.
const linkTTL = 30 * 24 * time.Hour

// smsParts is the most segments a text message may have.
const smsParts = 2

// view is what templates see.
type view struct {
	Lang     string
	Property string
	Address  string // one line
	Name     string // first name
	Unit     string
	Carrier  string // empty = not known
	Slot     string // what people read; empty = not known
	SlotKind string // shelf, floor, bin, refrigerated, locker
	When     string // in the property's time zone
	PIN      string // in groups; empty = the one sent before still holds
	PINUnit  string // to be typed before it; empty = the PIN is enough
	Link     string // the resident's page
	Count    int    // packages that this message is about
	QR       htmltemplate.URL
	Photo    htmltemplate.URL
	Map      htmltemplate.URL
	HiddenQR bool // there was one, and it is not shown here
	LinkFits bool // false in a text message that would be too long with it
}

// renderer turns claims into contents. Safe for concurrent use.
type renderer struct {
	cfg  Config
	zone *time.Location
	text map[string]*texttemplate.Template // by language
	html map[string]*htmltemplate.Template
}

func newRenderer(cfg Config) (*renderer, error) {
	zone, err := time.LoadLocation(cfg.Property.Timezone)
	if err != nil {
		return nil, fmt.Errorf("property timezone: %w", err)
	}
	r := &renderer{cfg: cfg, zone: zone, text: map[string]*texttemplate.Template{}, html: map[string]*htmltemplate.Template{}}
	for _, lang := range languages {
		dir := "templates/" + lang + "/"
		if r.text[lang], err = texttemplate.ParseFS(templateFiles, dir+"*.txt", dir+"*.sms", dir+"words.tmpl"); err != nil {
			return nil, fmt.Errorf("templates %s: %w", lang, err)
		}
		if r.html[lang], err = htmltemplate.ParseFS(templateFiles, "templates/layout.html", dir+"*.html", dir+"words.tmpl"); err != nil {
			return nil, fmt.Errorf("templates %s: %w", lang, err)
		}
	}
	return r, nil
}

// render gives a claim's content to send, and the same as it is kept: with
// pictures inside the HTML and, unless Config.ShowSecrets, without secrets.
func (r *renderer) render(ctx context.Context, c room.Claim) (send, keep Content, err error) {
	slots := r.slots(ctx)
	v := r.view(c.Message, slots)
	base := Content{Delivery: c.Delivery.ID, To: c.Delivery.To, Name: c.Message.Resident.Name(), Language: v.Lang}
	kept := v
	if !r.cfg.ShowSecrets {
		kept.PIN = masked(v.PIN)
		kept.Link = masked(v.Link)
	}
	if c.Delivery.Channel == ChannelSMS {
		send, keep = base, base
		if send.Text, err = r.sms(c.Message.Kind, v); err != nil {
			return send, keep, err
		}
		keep.Text, err = r.sms(c.Message.Kind, kept)
		return send, keep, err
	}
	pics := r.pictures(ctx, c.Message, slots)
	sent := v
	sent.QR, sent.Photo, sent.Map = pics.cids()
	if send, err = r.email(c.Message.Kind, sent, base); err != nil {
		return send, keep, err
	}
	send.Images = pics.images()
	kept.QR, kept.Photo, kept.Map = pics.inline()
	if !r.cfg.ShowSecrets && pics.qr != nil {
		kept.QR, kept.HiddenQR = "", true
	}
	keep, err = r.email(c.Message.Kind, kept, base)
	return send, keep, err
}

// masked hides a secret and leaves its shape.
func masked(s string) string {
	if strings.Contains(s, "/r/") {
		return s[:strings.LastIndex(s, "/r/")+3] + "****"
	}
	return strings.Map(func(c rune) rune {
		if c == ' ' {
			return c
		}
		return '*'
	}, s)
}

// slots are the room's, or none where they cannot be had: then the message goes
// without a map.
func (r *renderer) slots(ctx context.Context) []room.Slot {
	if r.cfg.Slots == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	slots, err := r.cfg.Slots(ctx)
	if err != nil {
		r.cfg.Log.WarnContext(ctx, "message goes without a map", "error", err)
	}
	return slots
}

func (r *renderer) view(m room.Message, slots []room.Slot) view {
	lang := language(m.Resident.Language)
	p := r.cfg.Property
	v := view{
		Lang: lang, Property: p.Name, Address: p.Street + ", " + p.City,
		Name: m.Resident.FirstName, Unit: m.Resident.Unit, Carrier: m.Parcel.Carrier, Slot: m.Parcel.Slot,
		SlotKind: string(room.SlotShelf), When: when(lang, m.Queued.In(r.zone)), PIN: grouped(m.Secret.PIN), PINUnit: m.Secret.Unit,
		Link: strings.TrimRight(r.cfg.PublicURL, "/") + "/r/" +
			room.SignLink(r.cfg.LinkKey, m.Resident.ID, m.Queued.Add(linkTTL)),
		Count: 1 + len(m.Others), LinkFits: true,
	}
	for _, s := range slots {
		if s.ID == v.Slot {
			v.SlotKind = string(s.Kind)
		}
	}
	if v.Name == "" {
		v.Name = m.Resident.Name()
	}
	return v
}

// grouped writes 12345678 as 1234 5678, and 123456 as 123 456: easier to keep in
// mind between the telephone and the kiosk.
func grouped(pin string) string {
	if len(pin) != 6 && len(pin) != 8 {
		return pin
	}
	return pin[:len(pin)/2] + " " + pin[len(pin)/2:]
}

var monthsES = [...]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio",
	"agosto", "septiembre", "octubre", "noviembre", "diciembre"}

// when writes a local time for people; nothing breaks a line inside the clock's.
func when(lang string, t time.Time) string {
	if lang == "es" {
		half := "a.\u00a0m."
		if t.Hour() >= 12 {
			half = "p.\u00a0m."
		}
		return fmt.Sprintf("%d de %s, %s\u00a0%s", t.Day(), monthsES[t.Month()-1], t.Format("3:04"), half)
	}
	return t.Format("January 2, 3:04\u00a0PM")
}

func (r *renderer) email(kind room.MessageKind, v view, c Content) (Content, error) {
	var err error
	if c.Subject, err = r.words(v, string(kind)+".subject"); err != nil {
		return c, err
	}
	c.Subject = strings.Join(strings.Fields(c.Subject), " ") // one line, whatever a name holds
	if c.Text, err = r.words(v, string(kind)+".txt"); err != nil {
		return c, err
	}
	c.Text += "\n"
	var b strings.Builder
	if err := r.html[v.Lang].ExecuteTemplate(&b, string(kind)+".html", v); err != nil {
		return c, fmt.Errorf("render %s: %w", kind, err)
	}
	c.HTML = b.String()
	return c, nil
}

// sms renders a text message and, where it is too long, leaves out first the end
// of the property's name and then the link.
func (r *renderer) sms(kind room.MessageKind, v view) (string, error) {
	for try := 0; ; try++ {
		switch try {
		case 1:
			v.Property = shortened(v.Property, 16)
		case 2:
			v.LinkFits = false
		case 3:
			v.Carrier = ""
		}
		s, err := r.words(v, string(kind)+".sms")
		if err != nil {
			return "", err
		}
		s = toGSM(strings.Join(strings.Fields(s), " "))
		if segments(s) <= smsParts || try == 3 {
			return s, nil
		}
	}
}

func shortened(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return strings.TrimSpace(string(runes[:n-1])) + "."
}

func (r *renderer) words(v view, name string) (string, error) {
	var b strings.Builder
	if err := r.text[v.Lang].ExecuteTemplate(&b, name, v); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return strings.TrimSpace(b.String()), nil
}

func dataURL(i *Image) htmltemplate.URL {
	if i == nil {
		return ""
	}
	return htmltemplate.URL("data:" + i.Type + ";base64," + base64.StdEncoding.EncodeToString(i.Data))
}
