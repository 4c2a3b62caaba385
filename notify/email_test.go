package notify

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/porttest"
)

// mailServer is a real SMTP server that keeps what it takes.
type mailServer struct {
	mu       sync.Mutex
	mails    []received
	user     string // empty = no authentication
	password string
	rcptErr  error
	dataErr  error
	mailErr  error
}

type received struct {
	from, to string
	data     []byte
	tls      bool
	user     string
}

func (s *mailServer) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	return &mailSession{server: s, got: received{tls: secure}}, nil
}

func (s *mailServer) all() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.mails...)
}

func (s *mailServer) set(change func(*mailServer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

type mailSession struct {
	server *mailServer
	got    received
}

func (s *mailSession) AuthMechanisms() []string {
	if s.server.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.user || password != s.server.password {
			return smtp.ErrAuthFailed
		}
		s.got.user = user
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.user != "" && s.got.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	s.got.from = from
	return s.server.mailErr
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.got.to = to
	return s.server.rcptErr
}

func (s *mailSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.dataErr != nil {
		return s.server.dataErr
	}
	s.got.data = b
	s.server.mails = append(s.server.mails, s.got)
	return nil
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }

// start serves s on a free port of the loopback; cert nil = without TLS.
func (s *mailServer) start(t testing.TB, cert *tls.Certificate, implicit bool) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = l.Addr().(*net.TCPAddr).Port
	server := smtp.NewServer(s)
	server.Domain = "mail.test"
	server.AllowInsecureAuth = cert == nil
	if cert != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}}
		if implicit {
			l = tls.NewListener(l, server.TLSConfig)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // ends with Close
	}()
	t.Cleanup(func() { server.Close(); <-done })
	return port
}

// selfSigned is a certificate for 127.0.0.1 and the pool that trusts it.
func selfSigned(t testing.TB) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func newSMTP(t testing.TB, cfg SMTPConfig) *SMTP {
	t.Helper()
	cfg.Host = "127.0.0.1"
	if cfg.From == "" {
		cfg.From = "The Alder <packages@alder.example>"
	}
	if cfg.TLS == "" {
		cfg.TLS = "none"
	}
	s, err := NewSMTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mailContent(t testing.TB, lang string) Content {
	t.Helper()
	cfg := testConfig(t)
	dir := room.PictureDir(t.TempDir())
	ref, err := dir.Put(t.Context(), testPhoto(t, 640, 360))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Pictures = dir
	m := testMessage(room.MessageStored, lang)
	m.Parcel.Photo = ref
	c, _, err := testRenderer(t, cfg).render(t.Context(), claimOf(m, ChannelEmail))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// part is one leaf of a MIME message.
type part struct{ kind, cid, body string }

func leaves(t testing.TB, h map[string][]string, body io.Reader) []part {
	t.Helper()
	get := func(k string) string { return mail.Header(h).Get(k) }
	kind, params, err := mime.ParseMediaType(get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return []part{{kind, get("Content-Id"), string(b)}}
	}
	var all []part
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextPart() // decodes quoted-printable
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, leaves(t, p.Header, p)...)
	}
}

func TestMailAsAServerReceivesIt(t *testing.T) {
	s := &mailServer{}
	out := newSMTP(t, SMTPConfig{Port: s.start(t, nil, false)})
	c := mailContent(t, "es")
	answer, err := out.Send(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(answer, "2.0.0") {
		t.Errorf("server's answer: %q", answer)
	}
	got := s.all()
	if len(got) != 1 || got[0].from != "packages@alder.example" || got[0].to != "zoe@example.com" {
		t.Fatalf("%+v", got)
	}
	m, err := mail.ReadMessage(bytes.NewReader(got[0].data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != c.Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	for k, want := range map[string]string{"Message-Id": "<ev1-stored.email@alder.example>", "Content-Language": "es", "Auto-Submitted": "auto-generated"} {
		if got := m.Header.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	if to, err := m.Header.AddressList("To"); err != nil || to[0].Name != "Zoë O'Hara & Sons" {
		t.Errorf("to: %v, %v", to, err)
	}
	var kinds []string
	for _, p := range leaves(t, m.Header, m.Body) {
		kinds = append(kinds, p.kind+p.cid)
		switch p.kind {
		case "text/plain":
			if strings.ReplaceAll(p.body, "\r\n", "\n") != c.Text {
				t.Errorf("text: %s", cmp.Diff(c.Text, p.body))
			}
		case "text/html":
			if strings.ReplaceAll(p.body, "\r\n", "\n") != c.HTML {
				t.Errorf("html: %s", cmp.Diff(c.HTML, p.body))
			}
		}
	}
	if d := cmp.Diff([]string{"text/plain", "text/html", "image/png<qr>", "image/png<map>", "image/jpeg<package>"}, kinds); d != "" {
		t.Error(d)
	}
}

func TestTheSecondCopyBearsTheSameMessageID(t *testing.T) {
	s := &mailServer{}
	out := newSMTP(t, SMTPConfig{Port: s.start(t, nil, false)})
	for range 2 {
		if _, err := out.Send(t.Context(), mailContent(t, "en")); err != nil {
			t.Fatal(err)
		}
	}
	ids := map[string]bool{}
	for _, r := range s.all() {
		m, err := mail.ReadMessage(bytes.NewReader(r.data))
		if err != nil {
			t.Fatal(err)
		}
		ids[m.Header.Get("Message-Id")] = true
	}
	if len(s.all()) != 2 || len(ids) != 1 {
		t.Errorf("%d mails with IDs %v", len(s.all()), ids)
	}
}

func TestMailOverTLSWithAPassword(t *testing.T) {
	for _, mode := range []string{"starttls", "implicit"} {
		t.Run(mode, func(t *testing.T) {
			cert, pool := selfSigned(t)
			s := &mailServer{user: "alder", password: "correct horse"}
			cfg := SMTPConfig{Port: s.start(t, cert, mode == "implicit"), TLS: mode, User: "alder", Password: "correct horse", RootCAs: pool}
			if _, err := newSMTP(t, cfg).Send(t.Context(), mailContent(t, "en")); err != nil {
				t.Fatal(err)
			}
			if got := s.all(); len(got) != 1 || !got[0].tls || got[0].user != "alder" {
				t.Fatalf("%d mails", len(got))
			}
			for name, change := range map[string]func(c *SMTPConfig){
				"an unknown certificate": func(c *SMTPConfig) { c.RootCAs = nil },
				"a wrong password":       func(c *SMTPConfig) { c.Password = "wrong" },
				"no password":            func(c *SMTPConfig) { c.User = "" },
			} {
				bad := cfg
				change(&bad)
				_, err := newSMTP(t, bad).Send(t.Context(), mailContent(t, "en"))
				if err == nil || errors.Is(err, ErrRejected) {
					t.Errorf("%s: %v; want an error that waits for a better day", name, err)
				}
			}
			if n := len(s.all()); n != 1 {
				t.Errorf("%d mails", n)
			}
		})
	}
}

func TestMailIsNotSentInTheClearWhereTLSIsAskedFor(t *testing.T) {
	s := &mailServer{}
	out := newSMTP(t, SMTPConfig{Port: s.start(t, nil, false), TLS: "starttls"})
	if _, err := out.Send(t.Context(), mailContent(t, "en")); err == nil || errors.Is(err, ErrRejected) || len(s.all()) != 0 {
		t.Errorf("%v, %d mails", err, len(s.all()))
	}
}

func TestMailRefusals(t *testing.T) {
	refuse := func(code int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "because"}
	}
	for name, tt := range map[string]struct {
		change  func(*mailServer)
		forGood bool
		says    string
	}{
		"no such mailbox":         {func(s *mailServer) { s.rcptErr = refuse(550) }, true, "550"},
		"mailbox full":            {func(s *mailServer) { s.rcptErr = refuse(452) }, false, "452"},
		"greylisted":              {func(s *mailServer) { s.rcptErr = refuse(451) }, false, "451"},
		"content refused":         {func(s *mailServer) { s.dataErr = refuse(554) }, true, "554"},
		"trouble after the data":  {func(s *mailServer) { s.dataErr = refuse(451) }, false, "451"},
		"sender refused":          {func(s *mailServer) { s.mailErr = refuse(553) }, true, "553"},
		"server wants a password": {func(s *mailServer) { s.user = "x" }, false, "530"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &mailServer{}
			tt.change(s)
			_, err := newSMTP(t, SMTPConfig{Port: s.start(t, nil, false)}).Send(t.Context(), mailContent(t, "en"))
			if err == nil || errors.Is(err, ErrRejected) != tt.forGood || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v; rejected for good: want %v", err, tt.forGood)
			}
		})
	}
}

func TestMailToNoServerWaits(t *testing.T) {
	if _, err := newSMTP(t, SMTPConfig{Port: porttest.Port(t)}).Send(t.Context(), mailContent(t, "en")); err == nil || errors.Is(err, ErrRejected) {
		t.Errorf("refused connection: %v", err)
	}
}

func TestMailToASilentServerEndsWithItsContext(t *testing.T) {
	for _, mode := range []string{"none", "implicit"} {
		l, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err = newSMTP(t, SMTPConfig{Port: l.Addr().(*net.TCPAddr).Port, TLS: mode}).Send(ctx, mailContent(t, "en"))
		if err == nil || errors.Is(err, ErrRejected) || time.Since(began) > 10*time.Second {
			t.Errorf("%s: %v after %s", mode, err, time.Since(began))
		}
	}
}

func TestMailToNoAddressIsRejected(t *testing.T) {
	c := mailContent(t, "en")
	for _, to := range []string{"zoe", "zoe@example.com\r\nBcc: x@example.com", "a@b, c@d", "@"} {
		c.To = to
		if _, err := newSMTP(t, SMTPConfig{Port: 1}).Send(t.Context(), c); !errors.Is(err, ErrRejected) {
			t.Errorf("%q: %v", to, err)
		}
	}
}

func TestSMTPConfigValidate(t *testing.T) {
	good := SMTPConfig{Host: "mail.example.com", Port: 587, From: "a@example.com", TLS: "starttls", User: "u"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*SMTPConfig){
		"no host":                 func(c *SMTPConfig) { c.Host = "" },
		"no port":                 func(c *SMTPConfig) { c.Port = 0 },
		"no sender":               func(c *SMTPConfig) { c.From = "nobody" },
		"unknown TLS":             func(c *SMTPConfig) { c.TLS = "ssl3" },
		"a password in the clear": func(c *SMTPConfig) { c.TLS = "none" },
	} {
		c := good
		change(&c)
		if c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
