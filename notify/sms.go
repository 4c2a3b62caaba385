package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// TwilioConfig is an account with Twilio, or with a provider of the same form.
type TwilioConfig struct {
	BaseURL    string // https://api.twilio.com
	AccountSID string // AC and 32 hexadecimal digits
	Token      string
	From       string       // E.164 number, or the SID of a messaging service (MG...)
	HTTP       *http.Client // nil = one with a 20 s timeout
}

var (
	e164       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	serviceSID = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	accountSID = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
)

// Validate reports the first thing wrong with c.
func (c TwilioConfig) Validate() error {
	if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" {
		return fmt.Errorf("sms: base URL %q", c.BaseURL)
	}
	if !accountSID.MatchString(c.AccountSID) {
		return errors.New("sms: the account SID is AC and 32 hexadecimal digits")
	}
	if c.Token == "" {
		return errors.New("sms: no token")
	}
	if !e164.MatchString(c.From) && !serviceSID.MatchString(c.From) {
		return fmt.Errorf("sms: sender %q is neither a number like +15035550100 nor a messaging service's SID", c.From)
	}
	return nil
}

// Twilio is a Sender of text messages by Twilio's Messages resource.
type Twilio struct{ cfg TwilioConfig }

var _ Sender = (*Twilio)(nil)

// NewTwilio makes a sender; it does not connect.
func NewTwilio(cfg TwilioConfig) (*Twilio, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 20 * time.Second}
	}
	return &Twilio{cfg: cfg}, nil
}

// Send implements Sender: POST .../Accounts/{SID}/Messages.json.
func (t *Twilio) Send(ctx context.Context, c Content) (string, error) {
	if !e164.MatchString(c.To) {
		return "", fmt.Errorf("%w: %q is not a number like +15035550100", ErrRejected, c.To)
	}
	form := url.Values{"To": {c.To}, "Body": {c.Text}}
	if serviceSID.MatchString(t.cfg.From) {
		form.Set("MessagingServiceSid", t.cfg.From)
	} else {
		form.Set("From", t.cfg.From)
	}
	at := strings.TrimRight(t.cfg.BaseURL, "/") + "/2010-04-01/Accounts/" + t.cfg.AccountSID + "/Messages.json"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at, strings.NewReader(form.Encode()))
	if err != nil {
		return "", fmt.Errorf("sms: %w", err)
	}
	req.SetBasicAuth(t.cfg.AccountSID, t.cfg.Token)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	resp, err := t.cfg.HTTP.Do(req)
	if err != nil {
		return "", fmt.Errorf("sms: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode == http.StatusCreated {
		return twilioAnswer(body), nil // taken over, even if its answer broke off
	}
	if err != nil {
		return "", fmt.Errorf("sms: status %d: %w", resp.StatusCode, err)
	}
	return "", twilioError(resp.StatusCode, body)
}

func twilioAnswer(body []byte) string {
	var a struct {
		SID    string `json:"sid"`
		Status string `json:"status"`
	}
	if json.Unmarshal(body, &a) != nil || a.SID == "" {
		return "201"
	}
	return a.SID + " " + a.Status
}

// twilioError tells refusals for good from the rest. Wrong credentials (401) and
// a suspended account (403) are ours to mend, so the message waits.
func twilioError(status int, body []byte) error {
	var e struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	text := fmt.Sprintf("status %d", status)
	if json.Unmarshal(body, &e) == nil && e.Code != 0 {
		text = fmt.Sprintf("status %d, error %d: %s", status, e.Code, e.Message)
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden,
		status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return fmt.Errorf("sms: %s", text)
	case status >= 400 && status < 500:
		return fmt.Errorf("sms: %w: %s", ErrRejected, text)
	}
	return fmt.Errorf("sms: %s", text)
}
