package models

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Kinds of error; test with errors.Is.
var (
	ErrUnknown = errors.New("no such model")
	ErrMissing = errors.New("model is not installed")
	ErrAltered = errors.New("model is not the one that was measured")
)

// Model is one file of weights.
type Model struct {
	Name    string // as code asks for it
	File    string // its file's name
	SHA256  string // of the file that our figures were measured with
	Licence string // SPDX
	Input   string // what it takes
	Source  string // who trained it
	Package string // Debian's package that brings it
}

// List is every model, by name.
func List() []Model {
	return []Model{
		{
			Name: "tesseract-eng", File: "eng.traineddata",
			SHA256:  "7d4322bd2a7749724879683fc3912cb542f19906c83bcc1a52132556427170b2",
			Licence: "Apache-2.0", Input: "lines of dark text on light ground, 20 to 40 pixels high", Source: "tesseract-ocr/tessdata_fast 4.1.0",
			Package: "tesseract-ocr-eng",
		},
		{
			Name: "tesseract-spa", File: "spa.traineddata",
			SHA256:  "6f2e04d02774a18f01bed44b1111f2cd7f3ba7ac9dc4373cd3f898a40ea6b464",
			Licence: "Apache-2.0", Input: "lines of dark text on light ground, 20 to 40 pixels high", Source: "tesseract-ocr/tessdata_fast 4.1.0",
			Package: "tesseract-ocr-spa",
		},
	}
}

// Dirs are where Debian and TESSDATA_PREFIX put models, first found first used.
func Dirs() []string {
	dirs := []string{"/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata"}
	if p := os.Getenv("TESSDATA_PREFIX"); p != "" {
		dirs = append([]string{p}, dirs...)
	}
	return dirs
}

// Locate finds a model's file in the directories and checks its sum. ErrAltered
// comes with the path: the file may be a newer one, which works, but no figure
// of ours speaks for it.
func Locate(name string, dirs []string) (path string, err error) {
	for _, m := range List() {
		if m.Name == name {
			return m.locate(dirs)
		}
	}
	return "", fmt.Errorf("model %q: %w", name, ErrUnknown)
}

func (m Model) locate(dirs []string) (string, error) {
	for _, dir := range dirs {
		path := filepath.Join(dir, m.File)
		sum, err := sumOf(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", fmt.Errorf("model %s: %w", m.Name, err)
		case sum != m.SHA256:
			return path, fmt.Errorf("model %s: %w: %s has the sum %s", m.Name, ErrAltered, path, sum)
		}
		return path, nil
	}
	return "", fmt.Errorf("model %s: %w: apt-get install %s", m.Name, ErrMissing, m.Package)
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
