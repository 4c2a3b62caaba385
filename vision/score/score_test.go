package score

import (
	"strings"
	"testing"

	"github.com/packroom/packroom/room"
)

func TestReportsAreHeldAgainstTheTruth(t *testing.T) {
	no := false
	at := room.Rect{100, 100, 40, 30}
	far := room.Rect{400, 100, 40, 30}
	placed := Event{Kind: room.ChangePlaced, T: 10, Clear: 12, Slot: "A1", Box: at}
	moved := Event{Kind: room.ChangeMoved, T: 20, Clear: 20, Slot: "A1", Box: at, FromT: 15, FromSlot: "B1", FromBox: far}
	cases := []struct {
		name    string
		truth   Truth
		reports []Report
		want    Count
		ignored int
	}{
		{"nothing happens and nothing is said", Truth{}, nil, Count{}, 0},
		{"found", Truth{Events: []Event{placed}}, []Report{{Kind: room.ChangePlaced, T: 13, Box: at, Slot: "A1"}}, Count{Found: 1}, 0},
		{"late, but in time since it can be seen", Truth{Events: []Event{placed}}, []Report{{Kind: room.ChangePlaced, T: 17, Box: at}}, Count{Found: 1}, 0},
		{"too late", Truth{Events: []Event{placed}}, []Report{{Kind: room.ChangePlaced, T: 17.1, Box: at}}, Count{False: 1, Missed: 1}, 0},
		{"before it took place", Truth{Events: []Event{placed}}, []Report{{Kind: room.ChangePlaced, T: 8.9, Box: at}}, Count{False: 1, Missed: 1}, 0},
		{"elsewhere", Truth{Events: []Event{placed}}, []Report{{Kind: room.ChangePlaced, T: 13, Box: far}}, Count{False: 1, Missed: 1}, 0},
		{"another kind", Truth{Events: []Event{placed}}, []Report{{Kind: room.ChangeRemoved, T: 13, Box: at}}, Count{False: 1, Missed: 1}, 0},
		{"said twice", Truth{Events: []Event{placed}}, []Report{{Kind: room.ChangePlaced, T: 13, Box: at}, {Kind: room.ChangePlaced, T: 14, Box: at}}, Count{Found: 1, False: 1}, 0},
		{"a move", Truth{Events: []Event{moved}}, []Report{{Kind: room.ChangeMoved, T: 21, Box: at, FromBox: far}}, Count{Found: 1}, 0},
		{"a move as its halves", Truth{Events: []Event{moved}}, []Report{{Kind: room.ChangeRemoved, T: 16, Box: far}, {Kind: room.ChangePlaced, T: 21, Box: at}}, Count{Found: 1}, 0},
		{"half a move", Truth{Events: []Event{moved}}, []Report{{Kind: room.ChangePlaced, T: 21, Box: at}}, Count{False: 1, Missed: 1}, 0},
		{"a nudge is nobody's fault", Truth{Nudges: []Event{moved}}, []Report{{Kind: room.ChangePlaced, T: 21, Box: at}}, Count{}, 1},
		{"what nobody can see need not be seen", Truth{Events: []Event{{Kind: room.ChangePlaced, T: 10, Box: at, Visible: &no}}}, nil, Count{}, 0},
		{"a region of which nothing is known", Truth{Ignore: []room.Rect{{90, 90, 100, 100}}}, []Report{{Kind: room.ChangePlaced, T: 1, Box: at}}, Count{}, 1},
	}
	for _, c := range cases {
		r := Compare(c.truth, c.reports)
		if got := r.Count(""); got != c.want || r.Ignored != c.ignored {
			t.Errorf("%s: %+v with %d ignored, want %+v with %d", c.name, got, r.Ignored, c.want, c.ignored)
		}
	}
}

func TestTheLedgerAtTheEndIsHeldAgainstWhatStandsThere(t *testing.T) {
	at, far := room.Rect{100, 100, 40, 30}, room.Rect{400, 100, 40, 30}
	truth := Truth{Events: []Event{
		{Kind: room.ChangePlaced, T: 10, Slot: "A1", Box: at},
		{Kind: room.ChangeMoved, T: 20, Slot: "B1", Box: far, FromT: 20, FromSlot: "A1", FromBox: at},
	}}
	right := []Report{{Kind: room.ChangePlaced, T: 11, Box: at, Slot: "A1"}, {Kind: room.ChangeMoved, T: 21, Box: far, Slot: "B1", FromBox: at, From: "A1"}}
	halves := []Report{right[0], {Kind: room.ChangeRemoved, T: 20, Box: at, Slot: "A1"}, {Kind: room.ChangePlaced, T: 21, Box: far, Slot: "B1"}}
	for name, reports := range map[string][]Report{"as it was": right, "in halves": halves} {
		if r := Compare(truth, reports); len(r.Astray) > 0 {
			t.Errorf("%s: astray %v", name, r.Astray)
		}
	}
	if r := Compare(truth, halves[:2]); len(r.Astray) != 1 || r.Astray["B1"] != -1 {
		t.Errorf("a placement is missed: astray %v", r.Astray)
	}
}

func TestAsManyPairsAreMadeAsThereCanBe(t *testing.T) {
	// The first report suits both events and the second one only the first: were
	// each event to take what suits it best, one would go without.
	a := Event{Kind: room.ChangePlaced, T: 10, Box: room.Rect{100, 100, 40, 30}}
	b := Event{Kind: room.ChangePlaced, T: 12, Box: room.Rect{110, 100, 40, 30}}
	r := Compare(Truth{Events: []Event{a, b}}, []Report{
		{Kind: room.ChangePlaced, T: 12, Box: room.Rect{102, 100, 40, 30}},
		{Kind: room.ChangePlaced, T: 9.5, Box: room.Rect{95, 100, 40, 30}},
	})
	if c := r.Count(""); c != (Count{Found: 2}) {
		t.Errorf("%+v", c)
	}
}

func TestFiguresOfManyClips(t *testing.T) {
	at := room.Rect{0, 0, 10, 10}
	ev := func(kind room.ChangeKind, t, clear float64) Event {
		return Event{Kind: kind, T: t, Clear: clear, Slot: "A1", Box: at}
	}
	one := Compare(Truth{Seconds: 1800, Events: []Event{ev(room.ChangePlaced, 10, 11), ev(room.ChangeRemoved, 30, 30)}},
		[]Report{{Kind: room.ChangePlaced, T: 12, Box: at, Slot: "A1"}, {Kind: room.ChangeRemoved, T: 33, Box: room.Rect{0, 0, 10, 5}, Slot: "B1"}})
	two := Compare(Truth{Seconds: 1800, Events: []Event{ev(room.ChangePlaced, 10, 10)}}, []Report{{Kind: room.ChangePlaced, T: 100, Box: at}})
	all := Join("all", one, two)
	if c := all.Count(""); c != (Count{2, 1, 1}) || c.F1() < 0.66 || c.F1() > 0.67 {
		t.Errorf("%+v, F1 %.3f", c, c.F1())
	}
	if c := all.Count(room.ChangePlaced); c != (Count{1, 1, 1}) {
		t.Errorf("placed %+v", c)
	}
	if all.Latency() != 3 || all.Overlap() != 0.75 || all.Slots() != 0.5 || all.FalsePerHour() != 1 {
		t.Errorf("latency %.1f, overlap %.2f, slots %.2f, false an hour %.1f", all.Latency(), all.Overlap(), all.Slots(), all.FalsePerHour())
	}
}

func TestReportsAreRead(t *testing.T) {
	got, err := ReadReports(strings.NewReader("{\"type\":\"placed\",\"t_s\":1.5,\"bbox\":[1,2,3,4],\"slot\":\"A1\"}\n\n"))
	if err != nil || len(got) != 1 || got[0].Kind != room.ChangePlaced || got[0].T != 1.5 || got[0].Box[3] != 4 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := ReadReports(strings.NewReader("hello\n")); err == nil {
		t.Error("a line that is no JSON is taken")
	}
}
