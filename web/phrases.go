package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/packroom/packroom/room"
)

//go:embed ui/src/locale/*.json
var locales embed.FS

// Phrases turns prompts into the sentences of the pages' locale files, so that
// the room's speaker says what the kiosk shows. Safe for concurrent use.
type Phrases struct {
	texts map[string]map[string]string // language -> key -> text
}

var _ room.Phrases = (*Phrases)(nil)

// NewPhrases reads the embedded locale files.
func NewPhrases() (*Phrases, error) {
	p := &Phrases{texts: map[string]map[string]string{}}
	files, err := locales.ReadDir("ui/src/locale")
	if err != nil {
		return nil, fmt.Errorf("phrases: %w", err)
	}
	for _, f := range files {
		b, err := locales.ReadFile("ui/src/locale/" + f.Name())
		if err != nil {
			return nil, fmt.Errorf("phrases: %w", err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(b, &texts); err != nil {
			return nil, fmt.Errorf("phrases %s: %w", f.Name(), err)
		}
		p.texts[strings.TrimSuffix(f.Name(), ".json")] = texts
	}
	return p, nil
}

// Say gives the sentence for p in its language, or in English where that
// language or sentence is missing. A key's variant stands in for it where there
// is one: ".one" where count is 1, ".unknown" where the name is empty.
func (p *Phrases) Say(prompt room.Prompt) (text, language string) {
	base, _, _ := strings.Cut(prompt.Language, "-")
	for _, language = range []string{base, "en"} {
		texts := p.texts[language]
		text, ok := texts[prompt.Key+variant(prompt.Values)]
		if !ok {
			text, ok = texts[prompt.Key]
		}
		if !ok {
			continue
		}
		for name, value := range prompt.Values {
			if word, known := texts[name+"."+value]; known {
				value = word // a machine word: row.high
			}
			text = strings.ReplaceAll(text, "{"+name+"}", value)
		}
		return text, language
	}
	return "", "en"
}

func variant(values map[string]string) string {
	name, named := values["name"]
	switch {
	case values["count"] == "1":
		return ".one"
	case named && name == "":
		return ".unknown"
	}
	return ""
}
