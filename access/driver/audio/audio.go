// Package audio speaks prompts through loudspeakers of this machine: rendered by
// espeak-ng, kept as WAV files, played in order, urgent ones first.
//
// # Models
//
// Any loudspeaker that ALSA, PulseAudio or PipeWire plays on: a kiosk's own, an
// amplifier with ceiling speakers, a USB or HDMI sound device.
//
// # Options
//
//	output   aplay   aplay (ALSA), paplay (PulseAudio, PipeWire), ffmpeg (ALSA), null (nothing is heard), or command
//	device   default the sound devices, several separated by commas: kiosk and room speaker say the same;
//	                 aplay -L and pactl list short sinks name them
//	command  ""      for output command: a program that plays {file} on {device}
//	voices   en=en-us, es=es-419
//	                 espeak-ng's voice for each language; others are spoken by the first one
//	speed    155     words a minute
//	level    100     percent of the usual loudness, which is -20 dBFS
//	cache    ""      folder of the rendered prompts; empty = packroom-voice in the system's cache folder
//	retry    5s      how often a loudspeaker that failed is tried again
//
// # Wiring
//
// Set the mixer once (alsamixer, alsactl store), so that speech is clear at the
// shelves and at the kiosk with the door closed.
//
// # Limits
//
// A sentence that was not rendered before takes espeak-ng about 50 ms. Sentences
// older than 15 s are not said. Nothing tells whether a loudspeaker is heard: one
// that is unplugged from its amplifier plays well.
//
// # To try it without hardware
//
// output null takes the time of each sentence and plays nothing; the rendered
// files are in the cache folder, for any player.
package audio

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

var (
	_ room.Voice     = (*Driver)(nil)
	_ room.Rehearser = (*Driver)(nil)
)

const (
	stale   = 15 * time.Second // what was to be said so long ago is no longer true
	longest = 8                // of the queue; the oldest sentence that is not urgent makes room
)

// Driver is the loudspeakers of one machine. Safe for concurrent use.
type Driver struct {
	render  renderer
	devices []string
	player  []string // with {file} and {device}; empty for null
	retry   time.Duration
	line    *device.Line
	stop    context.CancelFunc
	work    sync.WaitGroup
	once    sync.Once
	wake    chan struct{}

	mu        sync.Mutex
	queue     []sentence
	saying    *sentence          // nil: it is quiet
	interrupt context.CancelFunc // ends what is being said
}

// sentence is one that waits to be said.
type sentence struct {
	text, language string
	urgent         bool
	at             time.Time
}

// Open makes the voice that options name.
func Open(ctx context.Context, options map[string]string, log *slog.Logger) (room.Devices, io.Closer, error) {
	o := device.Read(options)
	d := &Driver{line: device.NewLine(log), retry: o.Duration("retry", 5*time.Second), wake: make(chan struct{}, 1),
		render: renderer{dir: o.Text("cache", ""), speed: o.Number("speed", 155, 80, 400), level: float64(o.Number("level", 100, 1, 200)) / 100}}
	d.render.voices, d.render.languages = readVoices(o)
	for name := range strings.SplitSeq(o.Text("device", "default"), ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(d.devices, name) {
			d.devices = append(d.devices, name)
		}
	}
	if len(d.devices) == 0 {
		o.Fail("device", "name a sound device, such as default")
	}
	d.player = readPlayer(o)
	if d.render.dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			o.Fail("cache", "give a folder for the rendered prompts: %v", err)
		}
		d.render.dir = filepath.Join(cache, "packroom-voice")
	}
	if err := o.Done(); err != nil {
		return room.Devices{}, nil, err
	}
	if err := d.render.check(ctx); err != nil {
		return room.Devices{}, nil, err
	}
	for i, name := range d.devices {
		d.line.Note(fmt.Sprintf("speaker %d", i+1), name)
	}
	ctx, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	d.work.Go(func() { d.speak(ctx) })
	return room.Devices{Voice: d, Diagnostics: d.line}, d, nil
}

// readVoices takes "en=en-us, es=es-419".
func readVoices(o *device.Options) (voices map[string]string, languages []string) {
	voices = map[string]string{}
	for one := range strings.SplitSeq(o.Text("voices", "en=en-us, es=es-419"), ",") {
		language, voice, _ := strings.Cut(strings.TrimSpace(one), "=")
		if language == "" || voice == "" || strings.HasPrefix(voice, "-") || voices[language] != "" {
			o.Fail("voices", "%q: write LANGUAGE=VOICE, each language once, such as en=en-us", one)
			continue
		}
		voices[language] = voice
		languages = append(languages, language)
	}
	return voices, languages
}

// readPlayer takes the program that plays a file.
func readPlayer(o *device.Options) []string {
	output, command := o.Choice("output", "aplay", "aplay", "paplay", "ffmpeg", "null", "command"), strings.Fields(o.Text("command", ""))
	if (output == "command") != (len(command) > 0) {
		o.Fail("command", "output command and a command are given together")
		return nil
	}
	player := map[string][]string{
		"aplay":   {"aplay", "-q", "-D", "{device}", "{file}"},
		"paplay":  {"paplay", "--device={device}", "{file}"},
		"ffmpeg":  {"ffmpeg", "-nostdin", "-loglevel", "error", "-i", "{file}", "-f", "alsa", "{device}"},
		"command": command,
	}[output]
	if len(player) > 0 {
		if _, err := exec.LookPath(player[0]); err != nil {
			o.Fail("output", "%v: install it, or choose another output", err)
		}
	}
	return player
}

// Say implements room.Voice. A sentence that waits already is not said twice.
func (d *Driver) Say(_ context.Context, text, language string, urgent bool) error {
	if !d.line.OK() {
		return fmt.Errorf("say: %w: %s", room.ErrUnavailable, d.line.Diagnose()[0].Problem)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := sentence{text: text, language: language, urgent: urgent, at: time.Now()}
	if slices.ContainsFunc(d.queue, func(q sentence) bool { return q.text == text && q.urgent == urgent }) {
		return nil
	}
	d.queue = enqueue(d.queue, s)
	if urgent && d.saying != nil && !d.saying.urgent {
		d.interrupt()
	}
	select {
	case d.wake <- struct{}{}:
	default:
	}
	return nil
}

// enqueue puts an urgent sentence before those that are not.
func enqueue(queue []sentence, s sentence) []sentence {
	at := len(queue)
	if s.urgent {
		if i := slices.IndexFunc(queue, func(q sentence) bool { return !q.urgent }); i >= 0 {
			at = i
		}
	}
	queue = slices.Insert(queue, at, s)
	if len(queue) > longest {
		drop := max(0, slices.IndexFunc(queue, func(q sentence) bool { return !q.urgent }))
		queue = slices.Delete(queue, drop, drop+1)
	}
	return queue
}

// next takes the sentence to be said now, if there is one.
func (d *Driver) next(now time.Time) (sentence, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.queue) > 0 {
		s := d.queue[0]
		d.queue = d.queue[1:]
		if now.Sub(s.at) <= stale {
			return s, true
		}
		d.line.Count("too late to be said")
	}
	return sentence{}, false
}

// speak says what is queued until ctx ends, and tries loudspeakers that failed.
func (d *Driver) speak(ctx context.Context) {
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C: // with silence, whose end says that the loudspeaker is there
			if !d.line.OK() {
				d.note(ctx, d.play(ctx, d.render.silence()))
			}
		case <-d.wake:
			for s, ok := d.next(time.Now()); ok && ctx.Err() == nil; s, ok = d.next(time.Now()) {
				d.say(ctx, s)
			}
		}
		t.Reset(d.retry)
	}
}

// say says one sentence, unless an urgent one interrupts it.
func (d *Driver) say(ctx context.Context, s sentence) {
	one, interrupt := context.WithCancel(ctx)
	defer interrupt()
	d.mu.Lock()
	d.saying, d.interrupt = &s, interrupt
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.saying = nil
	}()
	file, err := d.render.file(one, s.text, s.language)
	if err == nil {
		err = d.play(one, file)
	}
	if one.Err() == nil {
		d.note(ctx, err)
	}
}

func (d *Driver) note(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		d.line.Lost(err)
	default:
		d.line.Back()
	}
}

// Rehearse implements room.Rehearser.
func (d *Driver) Rehearse(ctx context.Context, text, language string) error {
	if _, err := d.render.file(ctx, text, language); err != nil {
		return fmt.Errorf("rehearse: %w", err)
	}
	return nil
}

// Close falls silent.
func (d *Driver) Close() error {
	d.once.Do(func() {
		d.stop()
		d.work.Wait()
	})
	return nil
}
