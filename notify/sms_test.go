package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/packroom/packroom/room"
)

const (
	testSID   = "AC0123456789abcdef0123456789abcdef"
	testToken = "fedcba9876543210fedcba9876543210"
)

// provider answers as Twilio documents its Messages resource
// (https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource)
// and refuses every request that is not of that form.
type provider struct {
	t      *testing.T
	status int    // 0 = take what is right
	body   string // of an error
	got    []url.Values
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fail := func(status, code int, format string, args ...any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": code, "message": fmt.Sprintf(format, args...),
			"more_info": fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code), "status": status})
	}
	if r.Method != http.MethodPost || r.URL.Path != "/2010-04-01/Accounts/"+testSID+"/Messages.json" || r.URL.RawQuery != "" {
		p.t.Errorf("%s %s", r.Method, r.URL)
		fail(404, 20404, "The requested resource %s was not found", r.URL.Path)
		return
	}
	if user, password, ok := r.BasicAuth(); !ok || user != testSID || password != testToken {
		fail(401, 20003, "Authenticate")
		return
	}
	if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		p.t.Errorf("content type %q", r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Error(err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		p.t.Error(err)
	}
	for k := range form {
		if !strings.Contains(" To From MessagingServiceSid Body ", " "+k+" ") {
			p.t.Errorf("parameter %s is not documented", k)
		}
	}
	switch to := form.Get("To"); {
	case p.status != 0:
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, p.body)
	case !e164.MatchString(to):
		fail(400, 21211, "The 'To' number %s is not a valid phone number.", to)
	case form.Get("From") == "" && form.Get("MessagingServiceSid") == "":
		fail(400, 21603, "A 'From' phone number is required.")
	case form.Get("Body") == "" || len([]rune(form.Get("Body"))) > 1600:
		fail(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
	case to == "+15005550009": // Twilio's own test number for this case
		fail(400, 21614, "To number: %s, is not a mobile number", to)
	default:
		p.got = append(p.got, form)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":"SM00000000000000000000000000000001","status":"queued","error_code":null,"num_segments":"1"}`)
	}
}

func newProvider(t *testing.T) (*provider, TwilioConfig) {
	p := &provider{t: t}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	return p, TwilioConfig{BaseURL: s.URL, AccountSID: testSID, Token: testToken, From: "+15005550006"}
}

func textContent(t *testing.T, to string) Content {
	t.Helper()
	m := testMessage(room.MessageStored, "es")
	m.Resident.Phone = to
	c, _, err := testRenderer(t, testConfig(t)).render(t.Context(), claimOf(m, ChannelSMS))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newTwilio(t *testing.T, cfg TwilioConfig) *Twilio {
	t.Helper()
	s, err := NewTwilio(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTextMessageInTwiliosForm(t *testing.T) {
	for name, from := range map[string]string{"From": "+15005550006", "MessagingServiceSid": "MG0123456789abcdef0123456789abcdef"} {
		p, cfg := newProvider(t)
		cfg.From = from
		c := textContent(t, "+15035550100")
		answer, err := newTwilio(t, cfg).Send(t.Context(), c)
		if err != nil || answer != "SM00000000000000000000000000000001 queued" {
			t.Fatalf("%q, %v", answer, err)
		}
		if got := p.got[0]; got.Get("To") != "+15035550100" || got.Get("Body") != c.Text || got.Get(name) != from || len(got) != 3 {
			t.Errorf("%v", got)
		}
		if n := segments(p.got[0].Get("Body")); n > smsParts {
			t.Errorf("%d parts", n)
		}
	}
}

func TestTextMessageRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		to      string
		status  int
		body    string
		change  func(*TwilioConfig)
		forGood bool
		says    string
	}{
		"not a mobile number":  {to: "+15005550009", forGood: true, says: "error 21614: To number: +15005550009, is not a mobile number"},
		"not a number":         {to: "503-555-0100", forGood: true, says: "is not a number"},
		"wrong token":          {change: func(c *TwilioConfig) { c.Token = "wrong" }, says: "20003"},
		"too many requests":    {status: 429, body: `{"code":20429,"message":"Too Many Requests","status":429}`, says: "20429"},
		"provider in trouble":  {status: 503, body: "<html>", says: "503"},
		"unsubscribed":         {status: 400, body: `{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}`, forGood: true, says: "21610"},
		"an answer of no form": {status: 400, body: "no", forGood: true, says: "400"},
		"a page, not an API":   {status: 200, body: "<html>", says: "200"},
	} {
		t.Run(name, func(t *testing.T) {
			p, cfg := newProvider(t)
			p.status, p.body = tt.status, tt.body
			if tt.change != nil {
				tt.change(&cfg)
			}
			if tt.to == "" {
				tt.to = "+15035550100"
			}
			_, err := newTwilio(t, cfg).Send(t.Context(), textContent(t, tt.to))
			if err == nil || errors.Is(err, ErrRejected) != tt.forGood || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v; rejected for good: want %v", err, tt.forGood)
			}
			if len(p.got) != 0 {
				t.Error("it was taken")
			}
		})
	}
}

func TestTextMessageToNoProviderWaits(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	cfg := TwilioConfig{BaseURL: s.URL, AccountSID: testSID, Token: testToken, From: "+15005550006"}
	_, err := newTwilio(t, cfg).Send(t.Context(), textContent(t, "+15035550100"))
	if err == nil || errors.Is(err, ErrRejected) || strings.Contains(err.Error(), testToken) {
		t.Errorf("%v", err)
	}
}

func TestTwilioConfigValidate(t *testing.T) {
	good := TwilioConfig{BaseURL: "https://api.twilio.com", AccountSID: testSID, Token: testToken, From: "+15005550006"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*TwilioConfig){
		"no address": func(c *TwilioConfig) { c.BaseURL = "" },
		"no account": func(c *TwilioConfig) { c.AccountSID = "me" },
		"no token":   func(c *TwilioConfig) { c.Token = "" },
		"no sender":  func(c *TwilioConfig) { c.From = "Alder" },
	} {
		c := good
		change(&c)
		if c.Validate() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
