package audio

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/access/accesstest"
	"github.com/packroom/packroom/room"
)

const (
	yours    = "Your package is on shelf B3."
	notYours = "That is not your package."
)

// speaker is a player that writes down what it played. It fails while it is
// unplugged, and plays as long as there is a file named hold.
type speaker struct{ dir string }

func newSpeaker(t *testing.T) speaker {
	s := speaker{t.TempDir()}
	script := `echo begin "$2" "$1" >> DIR/log
[ -e DIR/unplugged ] && { echo "no such sound device" >&2; exit 1; }
while [ -e DIR/hold ]; do sleep 0.02; done
echo end "$2" "$1" >> DIR/log`
	s.write(t, "play.sh", strings.ReplaceAll(script, "DIR", s.dir))
	s.write(t, "log", "")
	return s
}

func (s speaker) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s speaker) remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		t.Fatal(err)
	}
}

func (s speaker) log(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

func open(t *testing.T, s speaker, log *accesstest.Log, more map[string]string) *Driver {
	t.Helper()
	options := map[string]string{"output": "command", "command": "sh " + s.dir + "/play.sh {file} {device}", "cache": filepath.Join(s.dir, "cache"), "retry": "50ms"}
	for k, v := range more {
		options[k] = v
	}
	devices, closer, err := Open(t.Context(), options, log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closer.Close() })
	d := devices.Voice.(*Driver)
	accesstest.Eventually(t, "the loudspeaker is there", d.line.OK)
	return d
}

// played are the texts of which a recording was played to its end.
func played(t *testing.T, s speaker, d *Driver, texts ...string) (all []string) {
	for _, line := range s.log(t) {
		for _, text := range texts {
			if strings.HasPrefix(line, "end") && strings.HasSuffix(line, d.render.path(text, "en")) {
				all = append(all, text)
			}
		}
	}
	return all
}

func TestConformance(t *testing.T) {
	accesstest.Run(t, func(t *testing.T) accesstest.Bench {
		s := newSpeaker(t)
		var log accesstest.Log
		d := open(t, s, &log, nil)
		return accesstest.Bench{
			Devices: room.Devices{Voice: d, Diagnostics: d.line}, Close: d.Close, Log: &log,
			Spoken: func() []string { return played(t, s, d, yours, notYours) },
			Plug: func(t *testing.T, in bool) {
				if in {
					s.remove(t, "unplugged")
				} else {
					s.write(t, "unplugged", "")
					if err := d.Say(t.Context(), "Hello.", "en", false); err != nil {
						t.Fatal(err)
					}
				}
				accesstest.Eventually(t, "it is noticed", func() bool { return d.line.OK() == in })
			},
		}
	})
}

func TestRefuses(t *testing.T) {
	with := func(more map[string]string) map[string]string {
		all := map[string]string{"output": "null", "cache": t.TempDir()}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	accesstest.Refuses(t, Open, map[string]map[string]string{
		"an output that is none":         with(map[string]string{"output": "gramophone"}),
		"a command that is not there":    with(map[string]string{"output": "command", "command": "no-such-player {file}"}),
		"a command without its output":   with(map[string]string{"command": "aplay {file}"}),
		"a voice that is none":           with(map[string]string{"voices": "en=klingon-us"}),
		"a voice that is an option":      with(map[string]string{"voices": "en=--help"}),
		"a language twice":               with(map[string]string{"voices": "en=en-us, en=en-gb"}),
		"no device":                      with(map[string]string{"device": " , "}),
		"a cache that cannot be kept":    with(map[string]string{"cache": "/proc/packroom"}),
		"a speed that nobody can follow": with(map[string]string{"speed": "1000"}),
		"an unknown word":                with(map[string]string{"pitch": "50"}),
	})
}

// measure is what sox says of a file.
func measure(t *testing.T, path string) map[string]float64 {
	t.Helper()
	out, err := exec.Command("sox", path, "-n", "stat").CombinedOutput()
	if err != nil {
		t.Fatalf("sox (Debian's package of that name): %v: %s", err, out)
	}
	all := map[string]float64{}
	for line := range strings.SplitSeq(string(out), "\n") {
		name, value, _ := strings.Cut(line, ":")
		if v, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
			all[strings.Join(strings.Fields(name), " ")] = v
		}
	}
	return all
}

func TestRecordingsHaveTheirLengthAndLoudness(t *testing.T) {
	d := open(t, newSpeaker(t), new(accesstest.Log), nil)
	for _, c := range []struct {
		text, language string
		least, most    time.Duration // a person says it within
	}{
		{yours, "en", 1500 * time.Millisecond, 3500 * time.Millisecond},
		{"Su paquete está en el estante B3, arriba.", "es", 2 * time.Second, 5 * time.Second},
		{"No.", "en", 500 * time.Millisecond, 1200 * time.Millisecond},
	} {
		r, err := d.render.file(t.Context(), c.text, c.language)
		if err != nil {
			t.Fatal(err)
		}
		m := measure(t, r.path)
		if diff := math.Abs(m["Length (seconds)"] - r.length.Seconds()); diff > 0.001 || r.length < c.least || r.length > c.most {
			t.Errorf("%q: sox measures %g s, we %s; want %s to %s", c.text, m["Length (seconds)"], r.length, c.least, c.most)
		}
		if rms := 20 * math.Log10(m["RMS amplitude"]); rms < -24 || rms > -19 {
			t.Errorf("%q is at %.1f dBFS with its pauses, want about -20", c.text, rms)
		}
		if peak := max(m["Maximum amplitude"], -m["Minimum amplitude"]); peak > mostPeak+0.001 {
			t.Errorf("%q peaks at %g", c.text, peak)
		}
	}
}

func TestEachLanguageHasItsVoice(t *testing.T) {
	d := open(t, newSpeaker(t), new(accesstest.Log), nil)
	for language, voice := range map[string]string{"en": "en-us", "es": "es-419", "es-MX": "es-419", "fr": "en-us", "": "en-us"} {
		if got := d.render.voice(language); got != voice {
			t.Errorf("%q is spoken by %s, want %s", language, got, voice)
		}
	}
	if d.render.path("taxi", "en") == d.render.path("taxi", "es") {
		t.Error("both languages share a recording")
	}
}

func TestARehearsedSentenceIsNotRenderedAgain(t *testing.T) {
	d := open(t, newSpeaker(t), new(accesstest.Log), nil)
	if err := d.Rehearse(t.Context(), yours, "en"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir()) // no espeak-ng any more
	if _, err := d.render.file(t.Context(), yours, "en"); err != nil {
		t.Errorf("it was rehearsed: %v", err)
	}
	if _, err := d.render.file(t.Context(), notYours, "en"); err == nil {
		t.Error("a sentence was rendered by nobody")
	}
}

func TestAnUrgentSentenceInterrupts(t *testing.T) {
	s := newSpeaker(t)
	d := open(t, s, new(accesstest.Log), map[string]string{"device": "kiosk, room"})
	say := func(text string, urgent bool) {
		t.Helper()
		if err := d.Say(t.Context(), text, "en", urgent); err != nil {
			t.Fatal(err)
		}
	}
	begun := func(text string) bool {
		n := 0
		for _, line := range s.log(t) {
			if strings.HasPrefix(line, "begin") && strings.HasSuffix(line, d.render.path(text, "en")) {
				n++
			}
		}
		return n == 2 // on both loudspeakers
	}
	s.write(t, "hold", "")
	say("First.", false)
	accesstest.Eventually(t, "the first is being said", func() bool { return begun("First.") })
	say("Second.", false)
	say("Second.", false) // it waits already
	say(notYours, true)
	accesstest.Eventually(t, "the urgent one is being said", func() bool { return begun(notYours) })
	s.remove(t, "hold")
	all := []string{"First.", "Second.", notYours}
	accesstest.Eventually(t, "all is said", func() bool { return len(played(t, s, d, all...)) == 4 })
	if got := slices.Compact(played(t, s, d, all...)); !slices.Equal(got, []string{notYours, "Second."}) {
		t.Errorf("said to the end: %q", got)
	}
}

func TestTheQueueKeepsWhatMatters(t *testing.T) {
	var queue []sentence
	for i := range 12 {
		queue = enqueue(queue, sentence{text: fmt.Sprint(i), urgent: i%4 == 3})
	}
	var got []string
	for _, s := range queue {
		got = append(got, s.text)
	}
	if want := "3 7 11 5 6 8 9 10"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %s: urgent ones first, and the oldest others go", got, want)
	}
	d := &Driver{queue: []sentence{{text: "old", at: time.Now().Add(-stale - time.Second)}, {text: "new", at: time.Now()}}, line: open(t, newSpeaker(t), new(accesstest.Log), nil).line}
	if s, ok := d.next(time.Now()); !ok || s.text != "new" {
		t.Errorf("says %q", s.text)
	}
}

func TestWithoutALoudspeakerASentenceTakesItsTime(t *testing.T) {
	devices, closer, err := Open(t.Context(), map[string]string{"output": "null", "cache": t.TempDir()}, new(accesstest.Log).Logger())
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	d := devices.Voice.(*Driver)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	if err := d.play(ctx, recording{path: "x", length: 50 * time.Millisecond}); err != nil || time.Since(began) < 50*time.Millisecond {
		t.Errorf("it took %s: %v", time.Since(began), err)
	}
	cancel()
	if err := d.play(ctx, recording{path: "x", length: time.Hour}); err != nil {
		t.Error(err)
	}
}

func FuzzParseWAV(f *testing.F) {
	f.Add((sound{rate: 8000, samples: []int16{1, -1, 300}}).wav())
	f.Add([]byte("RIFF"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseWAV(b)
		if err != nil {
			return
		}
		if len(s.samples) > len(b) {
			t.Errorf("%d samples of %d bytes", len(s.samples), len(b))
		}
		again, err := parseWAV(s.trimmed().levelled(1).wav())
		if err != nil || again.rate != s.rate {
			t.Errorf("it does not survive: %v", err)
		}
	})
}
