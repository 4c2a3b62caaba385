package audio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/packroom/packroom/room"
)

// renderTimeout bounds espeak-ng, which takes 50 ms for a sentence.
const renderTimeout = 10 * time.Second

// renderer makes and keeps the recordings of sentences. Safe for concurrent use:
// a file is written beside its place and moved there whole.
type renderer struct {
	dir       string
	voices    map[string]string // by language
	languages []string          // in the order given
	speed     int
	level     float64 // 1 = the usual one
}

// voice is the voice for a language such as es or es-MX.
func (r renderer) voice(language string) string {
	base, _, _ := strings.Cut(language, "-")
	for _, l := range []string{language, base, r.languages[0]} {
		if v, ok := r.voices[l]; ok {
			return v
		}
	}
	return ""
}

// check finds out at start whether sentences can be rendered.
func (r renderer) check(ctx context.Context) error {
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return fmt.Errorf("option cache: %w: %v", room.ErrInvalid, err)
	}
	for _, language := range r.languages {
		if _, err := r.speech(ctx, "1", language); err != nil {
			return fmt.Errorf("option voices: %w: language %s: %v", room.ErrInvalid, language, err)
		}
	}
	quiet := sound{rate: 22050, samples: make([]int16, 22050/10)}
	if err := r.keep(r.silence().path, quiet); err != nil {
		return fmt.Errorf("option cache: %w: %v", room.ErrInvalid, err)
	}
	return nil
}

// silence is a recording of nothing, to try a loudspeaker with.
func (r renderer) silence() recording {
	return recording{path: filepath.Join(r.dir, "silence.wav"), length: 100 * time.Millisecond}
}

// path is where the recording of a sentence is kept: the name says all that it
// depends on.
func (r renderer) path(text, language string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "1\n%s\n%d\n%g\n%s", r.voice(language), r.speed, r.level, text))
	return filepath.Join(r.dir, fmt.Sprintf("%x.wav", sum[:16]))
}

// file gives the recording of a sentence, and makes it where there is none.
func (r renderer) file(ctx context.Context, text, language string) (recording, error) {
	if strings.TrimSpace(text) == "" {
		return recording{}, nil
	}
	path := r.path(text, language)
	b, err := os.ReadFile(path)
	if err == nil {
		if s, err := parseWAV(b); err == nil {
			return recording{path, s.length()}, nil
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return recording{}, fmt.Errorf("%w: read a recording: %v", room.ErrUnavailable, err)
	}
	s, err := r.speech(ctx, text, language)
	if err != nil {
		return recording{}, err
	}
	s = s.trimmed().levelled(r.level)
	if err := r.keep(path, s); err != nil {
		return recording{}, fmt.Errorf("%w: %v", room.ErrUnavailable, err)
	}
	return recording{path, s.length()}, nil
}

// speech lets espeak-ng say a text.
func (r renderer) speech(ctx context.Context, text, language string) (sound, error) {
	ctx, cancel := context.WithTimeout(ctx, renderTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "espeak-ng", "-v", r.voice(language), "-s", fmt.Sprint(r.speed), "--stdin", "--stdout")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stdin = strings.NewReader(text)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return sound{}, fmt.Errorf("%w: espeak-ng, voice %s: %v: %.200s", room.ErrUnavailable, r.voice(language), err, strings.TrimSpace(said.String()))
	}
	s, err := parseWAV(out.Bytes())
	if err != nil {
		return sound{}, fmt.Errorf("%w: espeak-ng, voice %s: %v: %.200s", room.ErrUnavailable, r.voice(language), err, strings.TrimSpace(said.String()))
	}
	return s, nil
}

// keep writes a recording whole.
func (r renderer) keep(path string, s sound) error {
	f, err := os.CreateTemp(r.dir, ".new-*")
	if err != nil {
		return fmt.Errorf("keep a recording: %w", err)
	}
	_, err = f.Write(s.wav())
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("keep a recording: %w", err)
	}
	return nil
}
