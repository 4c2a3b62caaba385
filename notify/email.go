package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SMTPConfig is a mail server that takes messages for the world.
type SMTPConfig struct {
	Host     string
	Port     int    // 587 for starttls, 465 for implicit
	User     string // empty = no authentication
	Password string
	From     string         // "The Alder <packages@example.com>", or the address alone
	TLS      string         // starttls (required of the server), implicit, none
	RootCAs  *x509.CertPool // nil = the system's
}

// Validate reports the first thing wrong with c.
func (c SMTPConfig) Validate() error {
	if c.Host == "" || c.Port < 1 || c.Port > 65535 {
		return fmt.Errorf("smtp: %q port %d is no server", c.Host, c.Port)
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		return fmt.Errorf("smtp: sender %q: %w", c.From, err)
	}
	switch c.TLS {
	case "starttls", "implicit":
	case "none":
		if c.User != "" && !isLoopback(c.Host) {
			return errors.New("smtp: without TLS the password would cross the network in the clear; use starttls or implicit")
		}
	default:
		return fmt.Errorf("smtp: tls %q is none of starttls, implicit, none", c.TLS)
	}
	return nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// SMTP is a Sender of e-mail: a connection a message.
type SMTP struct {
	cfg    SMTPConfig
	from   *mail.Address
	domain string
}

var _ Sender = (*SMTP)(nil)

// NewSMTP makes a sender; it does not connect.
func NewSMTP(cfg SMTPConfig) (*SMTP, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	from, err := mail.ParseAddress(cfg.From)
	if err != nil {
		return nil, err
	}
	return &SMTP{cfg: cfg, from: from, domain: from.Address[strings.LastIndexByte(from.Address, '@')+1:]}, nil
}

// smtpTimeout bounds each exchange with the server.
const smtpTimeout = 20 * time.Second

// Send implements Sender. It returns nil as soon as the server has taken the
// message over, whatever happens to the connection after that.
func (s *SMTP) Send(ctx context.Context, c Content) (string, error) {
	m, err := s.message(c)
	if err != nil {
		return "", err
	}
	line := &cutOff{}
	defer line.release()
	options := s.options(ctx)
	if s.cfg.TLS != "implicit" { // there the library must dial, to know that the line is encrypted
		options = append(options, gomail.WithDialContextFunc(line.dialer(ctx)))
	}
	client, err := gomail.NewClient(s.cfg.Host, options...)
	if err != nil {
		return "", fmt.Errorf("smtp: %w", err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		return "", fmt.Errorf("smtp %s: %w", s.cfg.Host, err)
	}
	defer client.Close() // QUIT; its failure is nobody's loss
	if err := client.Send(m); err != nil && !m.IsDelivered() {
		return "", smtpError(s.cfg.Host, err)
	}
	return strings.TrimSpace(m.ServerResponse()), nil
}

// cutOff is a connection that ends with a context: the mail library heeds the
// context only until the connection stands.
type cutOff struct{ stop func() bool }

func (l *cutOff) dialer(life context.Context) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			l.stop = context.AfterFunc(life, func() { conn.Close() })
		}
		return conn, err
	}
}

func (l *cutOff) release() {
	if l.stop != nil {
		l.stop()
	}
}

func (s *SMTP) options(ctx context.Context) []gomail.Option {
	timeout := smtpTimeout
	if end, ok := ctx.Deadline(); ok {
		timeout = min(timeout, max(time.Until(end), time.Millisecond))
	}
	o := []gomail.Option{
		gomail.WithPort(s.cfg.Port),
		gomail.WithTimeout(timeout),
		gomail.WithTLSConfig(&tls.Config{ServerName: s.cfg.Host, RootCAs: s.cfg.RootCAs, MinVersion: tls.VersionTLS12}),
		gomail.WithoutNoop(),
	}
	auth := gomail.SMTPAuthAutoDiscover
	switch s.cfg.TLS {
	case "implicit":
		o = append(o, gomail.WithSSL())
	case "none":
		o = append(o, gomail.WithTLSPolicy(gomail.NoTLS))
		auth = gomail.SMTPAuthPlainNoEnc
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.cfg.User != "" {
		o = append(o, gomail.WithSMTPAuth(auth), gomail.WithUsername(s.cfg.User), gomail.WithPassword(s.cfg.Password))
	}
	return o
}

func (s *SMTP) message(c Content) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(c.To)
	if err != nil {
		return nil, fmt.Errorf("%w: address %q: %v", ErrRejected, c.To, err)
	}
	to.Name = c.Name
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(s.from)
	m.ToMailAddress(to)
	m.Subject(c.Subject)
	m.SetDate()
	m.SetMessageIDWithValue(c.Delivery + "@" + s.domain)
	m.SetGenHeader("Content-Language", c.Language)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	m.SetBodyString(gomail.TypeTextPlain, c.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, c.HTML)
	for _, img := range c.Images {
		m.EmbedReadSeeker(img.Name, bytes.NewReader(img.Data),
			gomail.WithFileContentID("<"+img.CID+">"), gomail.WithFileContentType(gomail.ContentType(img.Type)))
	}
	return m, nil
}

// smtpError tells refusals for good from the rest. Answers about our own sign-in
// (RFC 4954) are no word on the message: they are tried again, since somebody
// will put the password right.
func smtpError(host string, err error) error {
	var se *gomail.SendError
	if errors.As(err, &se) {
		switch code := se.ErrorCode(); {
		case code == 530, code == 534, code == 535, code == 538:
		case code >= 500 && code < 600:
			return fmt.Errorf("smtp %s: %w: %w", host, ErrRejected, err)
		}
	}
	return fmt.Errorf("smtp %s: %w", host, err)
}
