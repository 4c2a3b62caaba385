package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/packroom/packroom/room"
)

func TestPhrases(t *testing.T) {
	p, err := NewPhrases()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		prompt         room.Prompt
		text, language string
	}{
		"in English":                {room.Prompt{Key: "prompt.placed", Values: map[string]string{"slot": "B3", "name": "Jana"}}, "Shelf B3: for Jana. Thank you.", "en"},
		"in the visitor's language": {room.Prompt{Key: "prompt.goodbye", Language: "es-MX"}, "Gracias. Hasta luego.", "es"},
		"for one":                   {room.Prompt{Key: "prompt.not_placed", Values: map[string]string{"count": "1"}}, "One scanned package is not on a shelf yet.", "en"},
		"for many":                  {room.Prompt{Key: "prompt.not_placed", Values: map[string]string{"count": "3"}}, "3 scanned packages are not on a shelf yet.", "en"},
		"of nobody known": {room.Prompt{Key: "prompt.placed", Values: map[string]string{"slot": "B3", "name": ""}},
			"Shelf B3. Thank you. The staff will find out whose it is.", "en"},
		"with machine words": {room.Prompt{Key: "prompt.take", Language: "es", Values: map[string]string{"slot": "B3", "count": "1", "bay": "2", "row": "2", "side": "left"}},
			"Su paquete está en el estante B3: módulo dos, segundo estante desde arriba, a la izquierda.", "es"},
		"with a machine word and nothing for others": {room.Prompt{Key: "prompt.take", Values: map[string]string{"slot": "F1", "count": "1", "bay": "", "row": "floor", "side": ""}},
			"Your package is on shelf F1: on the floor.", "en"},
		"in a language that we lack": {room.Prompt{Key: "prompt.goodbye", Language: "fr"}, "Thank you. Goodbye.", "en"},
		"of a key that nobody knows": {room.Prompt{Key: "prompt.sing"}, "", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			if text, language := p.Say(c.prompt); text != c.text || language != c.language {
				t.Errorf("%q in %s", text, language)
			}
		})
	}
}

// sources are the Go files of some packages, without their tests.
func sources(t *testing.T, patterns ...string) string {
	t.Helper()
	var all strings.Builder
	for _, p := range patterns {
		files, err := filepath.Glob(p)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no files, %v", p, err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(b)
		}
	}
	return all.String()
}

func TestEveryPromptOfTheRoomHasAText(t *testing.T) {
	p, err := NewPhrases()
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, m := range regexp.MustCompile(`"(prompt\.[a-z_]+)"`).FindAllStringSubmatch(sources(t, "../room/*.go"), -1) {
		keys[m[1]] = true
	}
	if len(keys) < 8 {
		t.Fatalf("only %d prompts were found in package room", len(keys))
	}
	for key := range keys {
		for language, texts := range p.texts {
			if texts[key] == "" {
				t.Errorf("%s has no text for %s", language, key)
			}
		}
	}
}

// refusing are the files that make refusals.
var refusing = []string{"*.go", "../room/*.go", "../room/postgres/*.go", "../access/*.go", "../access/driver/*/*.go", "../vision/*.go", "../cmd/packroom/slotlights.go"}

func TestEveryRefusalHasATextThatUsesOnlyItsValues(t *testing.T) {
	p, err := NewPhrases()
	if err != nil {
		t.Fatal(err)
	}
	blanks := regexp.MustCompile(`\{\w+\}`)
	call := regexp.MustCompile(`(?:Refuse\([\w.]+|bad\.add\(.*?(?:"\w*"|name)),\s*"([a-z_0-9]+)",\s*"((?:[^"\\]|\\.)*)"`)
	found := call.FindAllStringSubmatch(sources(t, refusing...), -1)
	if len(found) < 60 {
		t.Fatalf("only %d refusals were found", len(found))
	}
	for _, m := range found {
		code, text := m[1], m[2]
		for language, texts := range p.texts {
			page := texts["error."+code]
			if page == "" {
				t.Errorf("%s has no text for error.%s", language, code)
			}
			for _, b := range blanks.FindAllString(page, -1) {
				if !strings.Contains(text, b) {
					t.Errorf("%s: error.%s names %s, which the server does not send: %q", language, code, b, text)
				}
			}
		}
	}
}

func TestNoTextIsKeptForAnErrorThatNobodyMakes(t *testing.T) {
	p, err := NewPhrases()
	if err != nil {
		t.Fatal(err)
	}
	made := sources(t, refusing...) + ` "offline" "internal" "failed" "outside_hours"` // the pages' own, and one that only room.Denial names
	for key := range p.texts["en"] {
		if code, ok := strings.CutPrefix(key, "error."); ok && !strings.Contains(made, `"`+code+`"`) {
			t.Errorf("nothing is refused as %s", code)
		}
	}
}
