package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/packroom/packroom/room"
	"github.com/packroom/packroom/room/bus"
	"github.com/packroom/packroom/room/postgres"
	"github.com/packroom/packroom/room/sim"
)

// kills is how many processes the disturbed day loses.
const kills = 50

// TestKillingAnyProcessAtAnyMomentLosesNothingAndRepeatsNothing plays one day of
// deliveries and pickups twice, side by side: once in peace, once with room,
// notify, web and PostgreSQL killed at random moments. Both must end the same.
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
	sim     *sim.Sim
	bus     *bus.Bus
	box     mailbox
	mu      sync.Mutex
	mails   map[string][]byte // by Message-ID
	again   int               // mails that came a second time
	spent   map[string]bool   // PINs of packages that were picked up
	victims map[string]*victim
	rnd     *rand.Rand
}

// victim is a process that is started again whenever it ends.
type victim struct {
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
	if v.pid == 0 || syscall.Kill(v.pid, syscall.SIGKILL) != nil {
		return false
	}
	v.pid, v.dead = 0, v.dead+1
	return true
}

func playDay(t *testing.T, kills int) dayEnd {
	d := newCrashDay(t)
	pins := d.setUp()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	left := kills
	wg.Go(func() { left = d.killSome(kills, stop) })
	const rounds = 6
	for i := range rounds {
		d.deliver(i, pins["C1"])
		d.pickUp(i)
		if kills > 0 {
			t.Logf("round %d of %d", i+1, rounds)
		}
	}
	close(stop)
	wg.Wait()
	if kills > 0 && left > 0 {
		t.Errorf("the day was over after %d kills of %d", kills-left, kills)
	}
	for name, v := range d.victims {
		t.Logf("%s was killed %d times", name, v.dead)
	}
	return d.end()
}

// killSome kills processes at random moments until enough were killed.
func (d *crashDay) killSome(n int, stop <-chan struct{}) (left int) {
	names := []string{"room", "room", "room", "notify", "web", "postgres"}
	for n > 0 {
		select {
		case <-stop:
			return n
		case <-time.After(time.Duration(100+d.rnd.IntN(900)) * time.Millisecond):
		}
		if d.victims[names[d.rnd.IntN(len(names))]].kill() {
			n--
		}
	}
	return 0
}

func newCrashDay(t *testing.T) *crashDay {
	dir := t.TempDir()
	for at := dir; at != os.TempDir() && at != "/"; at = filepath.Dir(at) { // PostgreSQL's user passes
		if err := os.Chmod(at, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	d := &crashDay{t: t, mails: map[string][]byte{}, spent: map[string]bool{}, victims: map[string]*victim{}, rnd: rand.New(rand.NewPCG(seed, 1)),
		box: mailbox{got: make(chan []byte)}}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })

	d.cfg = defaultConfig()
	d.cfg.Data = filepath.Join(dir, "var")
	d.cfg.Room.Listen, d.cfg.Sim.Listen, d.cfg.Web.Listen, d.cfg.Notify.Listen = freeAddr(t), freeAddr(t), freeAddr(t), freeAddr(t)
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
	d.startRoom(ctx, &wg)
	file := filepath.Join(dir, "day.yml")
	write(t, file, fmt.Sprintf(`
room: {listen: %q, url: %q}
sim: {listen: %q, url: %q}
web: {listen: %q}
notify: {listen: %q}
nats: {url: %q}
postgres: {url: %q}
smtp: {host: 127.0.0.1, port: %d, tls: none}
log: {level: error}
`, d.cfg.Room.Listen, d.cfg.Room.URL, d.cfg.Sim.Listen, d.cfg.Sim.URL, d.cfg.Web.Listen, d.cfg.Notify.Listen,
		d.cfg.NATS.URL, d.cfg.Postgres.URL, d.box.start(t)))
	for _, name := range []string{"room", "notify", "web"} {
		d.startService(ctx, &wg, name, file)
	}
	secrets, err := d.cfg.Secrets()
	if err != nil {
		t.Fatal(err)
	}
	d.token = secrets.BoxToken
	if d.bus, err = bus.Connect(ctx, bus.Config{URL: d.cfg.NATS.URL, Name: "cameras", Property: d.cfg.Property.ID, Room: d.cfg.Room.ID}); err != nil {
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

// startRoom runs the hardware: a simulated room without cameras.
func (d *crashDay) startRoom(ctx context.Context, wg *sync.WaitGroup) {
	s, err := sim.New(sim.Config{Listen: d.cfg.Sim.Listen, SlotsDir: d.cfg.Path("sim"), Door: d.cfg.Room.Door, Blind: true, Pace: 10})
	if err != nil {
		d.t.Fatal(err)
	}
	d.sim = s
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			d.t.Error(err)
		}
	})
}

// startService keeps one of our services running.
func (d *crashDay) startService(ctx context.Context, wg *sync.WaitGroup, name, file string) {
	v := &victim{}
	d.victims[name] = v
	wg.Go(func() {
		for ctx.Err() == nil {
			var out safeBuffer
			cmd := exec.CommandContext(ctx, os.Args[0], name, "--config", file, "--data", d.cfg.Data)
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

// do gives the room a command until it is carried out, as a kiosk whose button
// is pressed again would; the ID makes it happen once.
func (d *crashDay) do(id string, c room.Command) (r room.Reply) {
	d.t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		d.t.Fatal(err)
	}
	waitLong(d.t, c.Name(), func() bool {
		body, _ := json.Marshal(room.Envelope{ID: id, Name: c.Name(), By: "kiosk:K1", Data: data})
		status, answer := d.ask(http.MethodPost, "/do", body)
		switch status {
		case http.StatusOK:
			return json.Unmarshal(answer, &r) == nil
		case 0, http.StatusServiceUnavailable:
			return false
		case http.StatusConflict:
			if bytes.Contains(answer, []byte("carried out before")) {
				return true
			}
		}
		d.t.Fatalf("%s %s: %d %s", c.Name(), id, status, answer)
		return false
	})
	return r
}

func (d *crashDay) ask(method, path string, body []byte) (status int, answer []byte) {
	req, err := http.NewRequest(method, d.cfg.Room.URL+path, bytes.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	resp, err := (&http.Client{Timeout: 8 * time.Second}).Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil
	}
	return resp.StatusCode, answer
}

func (d *crashDay) now() (v room.RoomView, ok bool) {
	status, b := d.ask(http.MethodGet, "/now", nil)
	return v, status == http.StatusOK && json.Unmarshal(b, &v) == nil
}

func (d *crashDay) setUp() map[string]string {
	waitLong(d.t, "the room service is up", func() bool { _, ok := d.now(); return ok })
	pins := map[string]string{}
	waitLong(d.t, "demonstration data", func() bool { _, err := os.Stat(d.cfg.Path(welcomeFile)); return err == nil })
	var rs []room.Resident
	for i := range 4 {
		rs = append(rs, room.Resident{ID: resident(i), FirstName: "Res", LastName: fmt.Sprint("Ident", i), Unit: fmt.Sprint(i, "A"),
			Status: room.ResidentCurrent, Email: resident(i) + "@example.com"})
	}
	d.do("set-roster", room.ImportRoster{Residents: rs})
	d.do("set-courier", room.SaveCourier{Courier: room.Courier{ID: "C1", Name: "Ana", Carrier: "UPS", Active: true}})
	pins["C1"] = d.do("set-pin", room.IssueCredential{Kind: room.CredentialCourier, Holder: "C1"}).Secret.PIN
	return pins
}

func resident(i int) string { return fmt.Sprintf("CR%d", i%4) }

// visitOf waits for the open visit of a holder.
func (d *crashDay) visitOf(holder string) (v room.Visit) {
	d.t.Helper()
	waitLong(d.t, "visit of "+holder, func() bool {
		view, ok := d.now()
		for _, w := range view.Visits {
			if w.Holder == holder {
				v = w
				return ok
			}
		}
		return false
	})
	return v
}

// goIn opens the door and walks in; a door that is still locked is asked for
// again.
func (d *crashDay) goIn(id string, v room.Visit) {
	d.t.Helper()
	n := 0
	waitLong(d.t, "entry", func() bool {
		if _, err := d.sim.Act(context.Background(), sim.Action{Do: "enter"}); err == nil {
			return true
		}
		n++
		d.do(fmt.Sprintf("%s-open%d", id, n), room.OpenDoor{Visit: v.ID})
		return false
	})
}

// goOut walks out and waits for the visit's end; where it does not come the
// person says "I'm done" at the kiosk.
func (d *crashDay) goOut(id string, v room.Visit) {
	d.t.Helper()
	if _, err := d.sim.Act(context.Background(), sim.Action{Do: "leave"}); err != nil {
		d.t.Fatal(err)
	}
	left, n := time.Now(), 0
	waitLong(d.t, "end of the visit of "+v.Holder, func() bool {
		view, ok := d.now()
		if !ok {
			return false
		}
		if !slices.ContainsFunc(view.Visits, func(w room.Visit) bool { return w.ID == v.ID }) {
			return true
		}
		if time.Since(left) > time.Duration(6+5*n)*time.Second {
			n++
			d.do(fmt.Sprintf("%s-done%d", id, n), room.EndVisit{Visit: v.ID})
		}
		return false
	})
}

// deliver is one courier's visit with two packages.
func (d *crashDay) deliver(i int, pin string) {
	d.t.Helper()
	id := fmt.Sprintf("delivery%d", i)
	d.do(id, room.StartVisit{Attempt: room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: pin}})
	v := d.visitOf("C1")
	for j := range 2 {
		d.do(fmt.Sprint(id, "-scan", j), room.RegisterParcel{Visit: v.ID, Resident: resident(2*i + j), Tracking: tracking(i, j)})
	}
	d.goIn(id, v)
	for j := range 2 {
		p := d.parcel(tracking(i, j), func(p room.Parcel) bool { return p.Suggested != "" })
		d.see(room.ChangePlaced, i, j, p.Suggested)
		d.parcel(tracking(i, j), func(p room.Parcel) bool { return p.State == room.ParcelStored })
	}
	d.goOut(id, v)
}

// pickUp is the visit of the resident whose package came first.
func (d *crashDay) pickUp(i int) {
	d.t.Helper()
	id := fmt.Sprintf("pickup%d", i)
	who := resident(2 * i)
	d.do(id, room.StartVisit{Attempt: room.Attempt{Kiosk: "K1", Form: room.FormPIN, Secret: d.pinOf(who, i)}})
	v := d.visitOf(who)
	d.goIn(id, v)
	p := d.parcel(tracking(i, 0), func(room.Parcel) bool { return true })
	d.see(room.ChangeRemoved, i, 0, p.Slot)
	waitLong(d.t, "collection", func() bool {
		view, ok := d.now()
		return ok && !slices.ContainsFunc(view.Parcels, func(q room.Parcel) bool { return q.ID == p.ID })
	})
	d.goOut(id, v)
}

func tracking(i, j int) string { return fmt.Sprintf("T%02d%d", i, j) }

// see reports a change as a camera worker would: until the bus has it.
func (d *crashDay) see(kind room.ChangeKind, i, j int, slot string) {
	d.t.Helper()
	c := room.Change{ID: fmt.Sprintf("%s-%s", kind, tracking(i, j)), Kind: kind, Camera: "cam1", Item: tracking(i, j), Slot: slot,
		BBox: room.Rect{1, 1, 10, 10}, Confidence: 0.95, At: time.Now().UTC(), Seen: time.Now().UTC()}
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	if err := d.bus.PublishChange(ctx, c); err != nil {
		d.t.Fatal(err)
	}
}

func (d *crashDay) parcel(number string, is func(room.Parcel) bool) (p room.Parcel) {
	d.t.Helper()
	waitLong(d.t, "parcel "+number, func() bool {
		view, ok := d.now()
		i := slices.IndexFunc(view.Parcels, func(q room.Parcel) bool { return q.Tracking == number && is(q) })
		if !ok || i < 0 {
			return false
		}
		p = view.Parcels[i]
		return true
	}, func() string {
		_, b := d.ask(http.MethodGet, "/now", nil)
		return string(b)
	})
	return p
}

var pinInMail = regexp.MustCompile(`PIN: (\d{4}) ?(\d{4})`)

// pinOf reads a resident's newest PIN out of their mail, once as many came as
// packages were put down for them.
func (d *crashDay) pinOf(who string, round int) (pin string) {
	d.t.Helper()
	want := 0
	for i := range round + 1 {
		for j := range 2 {
			if resident(2*i+j) == who {
				want++
			}
		}
	}
	waitLong(d.t, "mail to "+who, func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		var pins []string
		for _, b := range d.mails {
			if m := pinInMail.FindSubmatch(b); m != nil && bytes.Contains(b, []byte(who+"@example.com")) {
				pins = append(pins, string(m[1])+string(m[2]))
			}
		}
		if len(pins) != want {
			return false
		}
		// The others ended when nothing was left of the packages before.
		for _, p := range pins {
			if !d.spent[p] {
				pin = p
			}
			d.spent[p] = true
		}
		return true
	})
	return pin
}

// end reads how the day ended.
func (d *crashDay) end() dayEnd {
	d.t.Helper()
	ctx := d.t.Context()
	store, err := postgres.Open(ctx, postgres.Config{URL: d.cfg.Postgres.URL, Property: d.cfg.Property.ID, Room: d.cfg.Room.ID})
	if err != nil {
		d.t.Fatal(err)
	}
	defer store.Close()
	waitLong(d.t, "every message is sent", func() bool {
		ds, err := store.Deliveries(ctx, 1000)
		return err == nil && !slices.ContainsFunc(ds, func(x room.Delivery) bool { return x.State != room.DeliverySent })
	})
	report, err := store.Verify(ctx)
	if err != nil || report.Fault != nil {
		d.t.Errorf("the event log does not verify: %v %+v", err, report)
	}
	e := dayEnd{Events: map[string]int{}, Mail: map[string]int{}}
	ps, err := store.Parcels(ctx, room.ParcelFilter{Limit: 1000})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, p := range ps {
		e.Parcels = append(e.Parcels, fmt.Sprintf("%s %s %s", p.Tracking, p.State, p.Resident))
	}
	sort.Strings(e.Parcels)
	view, _ := d.now()
	for _, i := range view.Items {
		e.Items = append(e.Items, i.Key)
	}
	events, err := store.Events(ctx, room.EventFilter{Limit: 1000})
	if err != nil {
		d.t.Fatal(err)
	}
	unlocked := map[string]int{}
	for _, ev := range events {
		k := string(ev.Kind)
		if strings.HasPrefix(k, "parcel.") || ev.Kind == room.EvVisitStarted || ev.Kind == room.EvVisitEnded {
			e.Events[k]++
		}
		if ev.Kind == room.EvDoorUnlocked {
			unlocked[ev.ID]++
		}
	}
	for _, i := range view.Incidents {
		if i.Kind != room.IncidentDoorFault && i.Kind != room.IncidentDoorForced { // what a room that was dead could not see
			e.Broken = append(e.Broken, string(i.Kind))
		}
	}
	if n := d.sim.State().Door.Unlocks; n > len(unlocked) {
		d.t.Errorf("the strike acted %d times for %d grants", n, len(unlocked))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, b := range d.mails {
		m, _ := mail.ReadMessage(bytes.NewReader(b))
		kind := "collected"
		if pinInMail.Match(b) {
			kind = "stored"
		}
		e.Mail[kind+" "+m.Header.Get("To")]++
	}
	d.t.Logf("%d events, %d grants, %d mails, %d of them sent again under the same Message-ID", len(events), len(unlocked), len(d.mails), d.again)
	return e
}

// waitLong is waitUntil for a room that is being shot at.
func waitLong(t *testing.T, what string, is func() bool, details ...func() string) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not so after 2 minutes: %s%s", what, said(details))
		}
	}
}

func said(details []func() string) (s string) {
	for _, d := range details {
		s += "\n" + d()
	}
	return s
}
