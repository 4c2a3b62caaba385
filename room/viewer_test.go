package room

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestViewersTokenIsForOneViewerOneCameraAndAMinute(t *testing.T) {
	now := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	good := SignViewer("key", "manager:ann@example.com", "cam1", now.Add(ViewerTTL))
	if who, err := CheckViewer("key", "cam1", good, now); err != nil || who != "manager:ann@example.com" {
		t.Errorf("%q, %v", who, err)
	}
	parts := strings.Split(good, ".")
	for name, c := range map[string]struct {
		key, camera, token string
		at                 time.Time
	}{
		"over":            {"key", "cam1", good, now.Add(ViewerTTL)},
		"another camera":  {"key", "cam2", good, now},
		"another box":     {"other", "cam1", good, now},
		"empty":           {"key", "cam1", "", now},
		"no parts":        {"key", "cam1", "token", now},
		"lengthened":      {"key", "cam1", "zzzzzzz." + parts[1] + "." + parts[2], now},
		"another's name":  {"key", "cam1", parts[0] + ".Ym9i." + parts[2], now},
		"without its end": {"key", "cam1", good[:len(good)-1], now},
	} {
		if who, err := CheckViewer(c.key, c.camera, c.token, c.at); !errors.Is(err, ErrDenied) || who != "" {
			t.Errorf("%s: %q, %v", name, who, err)
		}
	}
}

func FuzzCheckViewer(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	f.Add(SignViewer("key", "manager:ann@example.com", "cam1", now.Add(time.Minute)))
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if who, err := CheckViewer("key", "cam1", token, now); err == nil && SignViewer("key", who, "cam1", now.Add(time.Minute)) != token {
			t.Errorf("%q passes for %q", token, who)
		}
	})
}
