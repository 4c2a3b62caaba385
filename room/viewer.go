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

// ViewerTTL is how long a viewer's token opens a live picture; an open one lasts
// as long as its viewer watches.
const ViewerTTL = time.Minute

// SignViewer makes a token by which one viewer may watch one camera. key is the
// box's shared secret: the cameras' service makes tokens, the web service and it
// check them.
func SignViewer(key, viewer, camera string, expires time.Time) string {
	claim := strconv.FormatInt(expires.Unix(), 36) + "." + base64.RawURLEncoding.EncodeToString([]byte(viewer))
	return claim + "." + viewerMAC(key, camera, claim)
}

// CheckViewer tells whose token it is. One that is wrong, of another camera or
// too old is ErrDenied.
func CheckViewer(key, camera, token string, now time.Time) (viewer string, err error) {
	at := strings.LastIndexByte(token, '.')
	if at < 0 || !hmac.Equal([]byte(token[at+1:]), []byte(viewerMAC(key, camera, token[:at]))) {
		return "", &Denial{Reason: "unknown"}
	}
	until, name, _ := strings.Cut(token[:at], ".")
	unix, err := strconv.ParseInt(until, 36, 64)
	if err != nil || now.Unix() >= unix {
		return "", &Denial{Reason: "expired"}
	}
	who, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil {
		return "", &Denial{Reason: "unknown"}
	}
	return string(who), nil
}

func viewerMAC(key, camera, claim string) string {
	m := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(m, "live-viewer\n%s\n%s", camera, claim)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}
