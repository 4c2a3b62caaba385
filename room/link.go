package room

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SignLink makes the token of a resident page's link: it shows that resident's
// packages and nothing else, and opens no door.
func SignLink(key []byte, resident string, expires time.Time) string {
	body := resident + "." + strconv.FormatInt(expires.Unix(), 36)
	return base64.RawURLEncoding.EncodeToString([]byte(body)) + "." + base64.RawURLEncoding.EncodeToString(linkMAC(key, body))
}

// OpenLink checks a token of SignLink and says whose it is. A wrong one is
// ErrInvalid, an old one ErrDenied.
func OpenLink(key []byte, token string, now time.Time) (resident string, err error) {
	b64, mac64, _ := strings.Cut(token, ".")
	body, err1 := base64.RawURLEncoding.DecodeString(b64)
	mac, err2 := base64.RawURLEncoding.DecodeString(mac64)
	if err1 != nil || err2 != nil || !hmac.Equal(mac, linkMAC(key, string(body))) {
		return "", fmt.Errorf("link: %w", ErrInvalid)
	}
	i := strings.LastIndexByte(string(body), '.')
	unix, err := strconv.ParseInt(string(body[i+1:]), 36, 64)
	if err != nil || i < 0 {
		return "", fmt.Errorf("link: %w", ErrInvalid)
	}
	if now.Unix() >= unix {
		return "", fmt.Errorf("link: %w: it has expired", ErrDenied)
	}
	return string(body[:i]), nil
}

func linkMAC(key []byte, body string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("resident-link\n"))
	m.Write([]byte(body))
	return m.Sum(nil)[:16]
}
