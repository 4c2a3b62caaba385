package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/porttest"
	"github.com/packroom/packroom/room/postgres"
)

// kills is how many processes the disturbed day loses: each one eight times.
const kills = 56

// TestKillingAnyProcessAtAnyMomentLosesNothingAndRepeatsNothing plays one day of
// deliveries and pickups twice, side by side: once in peace, once with everything
// that "packroom up" supervises killed at random moments. Both must end the same.
//
// Labels are read by the ocr process, doors opened by the sim process, and
// people seen by the vision process on the sim's cameras. What comes to lie on a
// slot and goes from it the test itself reports, as a camera of its own: with the
// sim die its people, and what they have in their hands.
func TestKillingAnyProcessAtAnyMomentLosesNothingAndRepeatsNothing(t *testing.T) {
	var peace, war dayEnd
	t.Run("days", func(t *testing.T) {
		t.Run("in peace", func(t *testing.T) { t.Parallel(); peace = playDay(t, 0) })
		t.Run("under fire", func(t *testing.T) { t.Parallel(); war = playDay(t, kills) })
	})
	if t.Failed() {
		return
	}
	if d := cmp.Diff(peace, war); d != "" {
		t.Errorf("the day ended otherwise than in peace (-peace +under fire):\n%s", d)
	}
}

// dayEnd is what must be the same after both days.
type dayEnd struct {
	Parcels []string       // tracking number, state, resident, slot
	Items   []string       // what is on the slots
	Events  map[string]int // by kind, of parcels and of visits' starts and ends
	Mail    map[string]int // messages by kind and resident; sent again under the same Message-ID counts once
	Broken  []string       // incidents that a perfect day would not have
}

// crashDay is one day with its processes.
type crashDay struct {
	t       *testing.T
	cfg     Config
	token   string
	bus     *bus.Bus
	box     mailbox
	mu      sync.Mutex
	mails   map[string][]byte // by Message-ID
	again   int               // mails that came a second time
	spent   map[string]bool   // PINs of packages that were picked up
	labels  map[string]string // pictures of labels, by resident
	unlocks int               // of the strike, in the lives of the sim that are over
	victims map[string]*victim
	rnd     *rand.Rand
}

// victim is a process that is started again whenever it ends.
type victim struct {
	lastWords func() // asked for before the kill; nil = none

	mu   sync.Mutex
	pid  int
	dead int
}

func (v *victim) set(pid int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pid = pid
}

// kill ends the process with SIGKILL, if it runs.
func (v *victim) kill() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.pid != 0 && v.lastWords != nil {
		v.lastWords()
	}
	if v.pid == 0 || syscall.Kill(v.pid, syscall.SIGKILL) != nil {
		return false
	}
	v.pid, v.dead = 0, v.dead+1
	return true
}

// rounds is how many deliveries, each followed by a pickup, make a day.
const rounds = 4

func playDay(t *testing.T, kills int) dayEnd {
	d := newCrashDay(t)
	var killing sync.WaitGroup
	killing.Go(func() { d.killSome(kills) })
	pin := d.setUp()
	for i := range rounds {
		d.deliver(i, pin)
		d.pickUp(i)
		if kills > 0 {
			t.Logf("round %d of %d", i+1, rounds)
		}
	}
	killing.Wait() // the last ones may come when the day's work is done
	for name, v := range d.victims {
		t.Logf("%s was killed %d times", name, v.dead)
	}
	return d.end()
}

// killSome kills one process after the other, in an order that is new each time
// round, at random moments until enough were killed.
func (d *crashDay) killSome(n int) {
	names := sortedKeys(d.victims)
	for i := range n {
		at := i % len(names)
		if at == 0 {
			d.rnd.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		}
		for killed := false; !killed; killed = d.victims[names[at]].kill() { // it may be dead just now
			if waitABit(d.t.Context(), time.Duration(50+d.rnd.IntN(700))*time.Millisecond) != nil {
				return
			}
		}
	}
}

func newCrashDay(t *testing.T) *crashDay {
	dir := passableDir(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	d := &crashDay{t: t, mails: map[string][]byte{}, spent: map[string]bool{}, labels: map[string]string{}, victims: map[string]*victim{}, rnd: rand.New(rand.NewPCG(seed, 1)),
		box: mailbox{got: make(chan []byte)}}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })

	d.cfg = defaultConfig()
	d.cfg.Data = filepath.Join(dir, "var")
	d.cfg.Room.Listen, d.cfg.Sim.Listen = porttest.Addr(t), porttest.Addr(t)
	d.cfg.Room.URL, d.cfg.Sim.URL = "http://"+d.cfg.Room.Listen, "http://"+d.cfg.Sim.Listen
	if err := os.MkdirAll(d.cfg.Data, 0o755); err != nil {
		t.Fatal(err)
	}
	nats, err := bus.StartEmbedded(bus.EmbeddedConfig{Dir: filepath.Join(d.cfg.Data, "nats")})
	if err != nil {
		t.Fatal(err)
	}
	wg.Go(func() { <-ctx.Done(); nats.Stop() })
	d.cfg.NATS.URL = nats.URL()
	d.startPostgres(ctx, &wg)
	wg.Go(func() { d.takeMail(ctx) })
	file := filepath.Join(dir, "day.yml")
	rtsp := porttest.Addr(t)
	write(t, file, fmt.Sprintf(`
room: {listen: %q, url: %q}
sim: {listen: %q, url: %q, rtsp_listen: %q}
cameras: [{id: cam1, url: "rtsp://%s/cam1", slots: sim/cam1.slots.json}]
vision: {listen: %q, ice_listen: %q}
ocr: {listen: %q}
web: {listen: %q}
notify: {listen: %q}
nats: {url: %q}
postgres: {url: %q}
smtp: {host: 127.0.0.1, port: %d, tls: none}
log: {level: error}
`, d.cfg.Room.Listen, d.cfg.Room.URL, d.cfg.Sim.Listen, d.cfg.Sim.URL, rtsp, rtsp, porttest.Addr(t), porttest.Addr(t),
		porttest.Addr(t), porttest.Addr(t), porttest.Addr(t), d.cfg.NATS.URL, d.cfg.Postgres.URL, d.box.start(t)))
	more := map[string][]string{"sim": {"--cameras", "1", "--width", "320", "--height", "180", "--pace", "10"}} // small, and people in a hurry
	for _, name := range serviceNames {
		d.startService(ctx, &wg, name, append([]string{name, "--config", file, "--data", d.cfg.Data}, more[name]...))
	}
	d.victims["sim"].lastWords = func() { d.unlocks += d.strikes() }
	secrets, err := d.cfg.Secrets()
	if err != nil {
		t.Fatal(err)
	}
	d.token = secrets.BoxToken
	if d.bus, err = bus.Connect(ctx, bus.Config{URL: d.cfg.NATS.URL, Name: "day", Property: d.cfg.Property.ID, Room: d.cfg.Room.ID}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.bus.Close)
	return d
}

// startPostgres keeps a private cluster running.
func (d *crashDay) startPostgres(ctx context.Context, wg *sync.WaitGroup) {
	v := &victim{}
	d.victims["postgres"] = v
	start := func() *postgres.Private {
		p, err := postgres.StartPrivate(context.Background(), filepath.Join(d.cfg.Data, "postgres"), nil)
		if err != nil {
			d.t.Error(err)
			return nil
		}
		v.set(p.PID())
		return p
	}
	p := start()
	if p == nil {
		d.t.FailNow()
	}
	d.cfg.Postgres.URL = p.URL()
	wg.Go(func() {
		for p != nil {
			ended := make(chan error, 1)
			go func() { ended <- p.Wait() }()
			select {
			case <-ended:
				p = start()
			case <-ctx.Done():
				stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				_ = p.Stop(stop)
				return
			}
		}
	})
}

// startService keeps one of our services running.
func (d *crashDay) startService(ctx context.Context, wg *sync.WaitGroup, name string, args []string) {
	v := &victim{}
	d.victims[name] = v
	wg.Go(func() {
		for ctx.Err() == nil {
			var out safeBuffer
			cmd := exec.CommandContext(ctx, os.Args[0], args...)
			cmd.Env = append(os.Environ(), asPackroom+"=1")
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				d.t.Error(err)
				return
			}
			v.set(cmd.Process.Pid)
			_ = cmd.Wait()
			if text := out.String(); strings.Contains(text, "panic") || strings.Contains(text, "DATA RACE") {
				d.t.Errorf("%s: %s", name, text)
			}
		}
	})
}

func (d *crashDay) takeMail(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case b := <-d.box.got:
			m, err := mail.ReadMessage(bytes.NewReader(b))
			if err != nil {
				d.t.Errorf("a mail that is none: %v", err)
				continue
			}
			d.mu.Lock()
			id := m.Header.Get("Message-Id")
			if d.mails[id] != nil {
				d.again++
			}
			d.mails[id] = b
			d.mu.Unlock()
		}
	}
}
