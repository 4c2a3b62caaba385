package vision

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

const (
	killEvents = 200
	killEvery  = 700 * time.Millisecond // between events: their 15 s overlap
	killDir    = "PACKROOM_TEST_CLIPS"
	killFrom   = "PACKROOM_TEST_FROM"
)

// killedAt is when event k took place.
func killedAt(k int) time.Time { return filmed.Add(20*time.Second + time.Duration(k)*killEvery) }

// TestMain runs this binary as the process that is killed, where it is told to.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		recordUntilKilled(dir)
		return
	}
	os.Exit(m.Run())
}

// recordUntilKilled films, pins and saves, second after second of filmed time,
// and says on standard output what is done: its parent kills it in the middle.
func recordUntilKilled(dir string) {
	check := func(err error) {
		if err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
	c, err := OpenClips(ClipConfig{Dir: dir, RingAge: 1e6 * time.Hour, Keep: Keeping{Pickup: 1e6 * time.Hour, Delivery: 1e6 * time.Hour}},
		slog.New(slog.DiscardHandler))
	check(err)
	r, err := c.ring("cam1")
	check(err)
	units, err := makeClip("testsrc2=s=160x90:r=10:d=5", "-bf", "0", "-g", "10")
	check(err)
	second, err := strconv.Atoi(os.Getenv(killFrom))
	check(err)
	rec := &recorder{ring: r}
	next := 0
	for next < killEvents && killedAt(next).Before(filmed.Add(time.Duration(second)*time.Second)) {
		next++ // before this process: its predecessor said so, or never did
	}
	for event := max(0, next-5); ; second++ { // the bus hands over again what was not acknowledged
		for k := range testFPS {
			n := second*testFPS + k
			d := time.Duration(n) * time.Second / testFPS
			check(rec.add(&Unit{NALs: units[n%len(units)], Key: k == 0, Break: rec.file == nil, At: filmed.Add(d), T: d, Seq: uint64(n)}))
		}
		now := filmed.Add(time.Duration(second+1) * time.Second)
		for ; event < killEvents && killedAt(event).Before(now); event++ {
			check(c.PinEvent(room.Event{ID: fmt.Sprintf("e%d", event), Kind: room.EvParcelStored, Camera: "cam1", Time: killedAt(event)}, []string{"cam1"}, now))
			fmt.Println("pinned", event)
		}
		c.savePins(killed{}, now)
		fmt.Println("second", second)
		if event == killEvents && len(c.waiting()) == 0 {
			check(rec.close())
			fmt.Println("done")
			return
		}
	}
}

// killed is a context that does not end; the process does.
type killed struct{}

func (killed) Deadline() (time.Time, bool) { return time.Time{}, false }
func (killed) Done() <-chan struct{}       { return nil }
func (killed) Err() error                  { return nil }
func (killed) Value(any) any               { return nil }

// runUntilKilled runs a recorder from a second on, kills it with -9 after it has
// said so many lines, and tells which events it had pinned, which second was
// its last, and whether it ended by itself.
func runUntilKilled(t *testing.T, dir string, from, lines int) (pinned []int, second int, done bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), killDir+"="+dir, killFrom+"="+strconv.Itoa(from))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	second = from
	said := bufio.NewScanner(out)
	for n := 0; said.Scan(); n++ {
		word, number, _ := strings.Cut(said.Text(), " ")
		switch word {
		case "pinned":
			k, _ := strconv.Atoi(number) // our own child
			pinned = append(pinned, k)
		case "second":
			second, _ = strconv.Atoi(number)
		case "done":
			done = true
		default:
			t.Fatalf("the recorder says %q", said.Text())
		}
		if n == lines {
			_ = cmd.Process.Kill() // SIGKILL
		}
	}
	_ = cmd.Wait() // killed
	return pinned, second, done
}

func TestKilledAgainAndAgainNoEventIsWithoutItsClipOrAStatedGap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pinned := map[int]bool{}
	random := rand.New(rand.NewPCG(7, 7))
	kills := 0
	for at, done := 0, false; !done; {
		lines := 10 + random.IntN(60)
		if kills > 12 {
			lines = -1 // to the end
		}
		var ks []int
		var second int
		ks, second, done = runUntilKilled(t, dir, at, lines)
		for _, k := range ks {
			pinned[k] = true
		}
		kills++
		at = second + 1 + random.IntN(4) // a restart takes a while: of that there is no footage
	}
	c := openTestClips(t, ClipConfig{Dir: dir})
	if len(pinned) != killEvents || len(c.waiting()) != 0 {
		t.Errorf("%d of %d events were pinned, %d clips wait", len(pinned), killEvents, len(c.waiting()))
	}
	for k := range killEvents {
		pins := c.Pins(fmt.Sprintf("e%d", k), "cam1")
		if len(pins) != 1 || pins[0].From.After(killedAt(k).Add(-PreRoll)) || pins[0].To.Before(killedAt(k).Add(PostRoll)) {
			t.Errorf("event %d has %+v", k, pins)
		}
	}
	gaps := 0
	for _, p := range c.Pins("", "") {
		checkPin(t, p)
		gaps += len(p.Gaps)
	}
	if gaps == 0 {
		t.Error("no gap is stated, though the recorder was away")
	}
	left, err := filepath.Glob(filepath.Join(dir, "*", newPrefix+"*"))
	if err != nil || len(left) != 0 {
		t.Errorf("half written: %v, %v", left, err)
	}
}

// checkPin wants a clip's file to be whole, to be what its checksum says, and to
// show every moment that is not stated as a gap.
func checkPin(t *testing.T, p Pin) {
	t.Helper()
	if p.State == PinEmpty {
		if len(p.Gaps) != 1 || !p.Gaps[0].From.Equal(p.From) || !p.Gaps[0].To.Equal(p.To) {
			t.Errorf("an empty clip states %v", p.Gaps)
		}
		return
	}
	b, err := os.ReadFile(p.Path)
	if err != nil {
		t.Error(err)
		return
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != p.SHA256 || int64(len(b)) != p.Bytes {
		t.Errorf("%s is not what its description says", p.Path)
	}
	zero := later(p.From, p.Start)
	var shown []time.Time
	for _, s := range probe(t, p.Path) {
		if s >= -0.0005 {
			shown = append(shown, zero.Add(time.Duration(s*float64(time.Second))))
		}
	}
	step := time.Second / testFPS
	for at := p.From; at.Before(p.To); at = at.Add(step) {
		inGap := slices.ContainsFunc(p.Gaps, func(g Gap) bool { return !at.Before(g.From.Add(-step)) && at.Before(g.To.Add(step)) })
		has := slices.ContainsFunc(shown, func(s time.Time) bool { return s.Sub(at).Abs() < step })
		if !inGap && !has {
			t.Errorf("clip of %s: nothing shows %s, which is no stated gap of %v", p.From, at, p.Gaps)
			return
		}
	}
}
