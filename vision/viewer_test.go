package vision

import (
	"bytes"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packroom/packroom/vision/webrtc"
)

// wrote is one packet as a viewer's connection got it.
type wrote struct {
	seq     uint16
	ticks   uint32
	payload []byte
	at      time.Duration // since the test's beginning
}

// fakePeer notes what is sent. While it is stuck nothing leaves.
type fakePeer struct {
	began time.Time
	stuck chan struct{} // nil = not

	mu      sync.Mutex
	sent    []wrote
	flushes int
}

// Write implements sender.
func (p *fakePeer) Write(seq uint16, ticks uint32, q webrtc.Packet) error {
	if p.stuck != nil {
		<-p.stuck
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, wrote{seq, ticks, q.Payload, time.Since(p.began)})
	return nil
}

// Flush implements sender.
func (p *fakePeer) Flush() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flushes++
	return nil
}

// take gives what was sent and how often it was flushed, since the last call.
func (p *fakePeer) take() (sent []wrote, flushes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent, flushes = p.sent, p.flushes
	p.sent, p.flushes = nil, 0
	return sent, flushes
}

var _ sender = (*fakePeer)(nil)

// newTestViewer gives a stream and a viewer of it that is not running yet.
func newTestViewer(t *testing.T) (*liveStream, *viewer, *fakePeer) {
	t.Helper()
	s, err := newLiveStream(streamName{camera: "cam1"})
	if err != nil {
		t.Fatal(err)
	}
	v := newViewer("x", s, newLiveMetrics(), slog.New(slog.DiscardHandler))
	peer := &fakePeer{began: time.Now()}
	v.out = peer
	return s, v, peer
}

// pushed adds picture k of so many packets at k x 40 ms.
func pushed(t *testing.T, s *liveStream, k, packets int, key bool) {
	t.Helper()
	nal := make([]byte, packets*payloadMost-payloadMost/2)
	nal[0], nal[1], nal[2] = 0x41, 0x9a, byte(k)
	if key {
		nal[0] = 0x65
	}
	if err := s.push(&Unit{NALs: [][]byte{nal}, Key: key, T: time.Duration(k) * 40 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
}

// seen are the times of the pictures that a viewer got since the last call, in
// 40 ms.
func (p *fakePeer) seen() (ks []int) {
	sent, _ := p.take()
	for _, w := range sent {
		k := int(w.ticks / 3600)
		if len(ks) == 0 || ks[len(ks)-1] != k {
			ks = append(ks, k)
		}
	}
	return ks
}

func TestReplayEndsAtLiveAndIsPacedSoThatItCanBeRepaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, v, peer := newTestViewer(t)
		const pictures, size = 250, 11 // a GOP of 10 s at 2.5 Mbit/s
		for k := range pictures {
			pushed(t, s, k, size, k == 0)
		}
		v.wg.Go(v.run)
		synctest.Wait()
		first, _ := peer.take()
		if len(first) < 2*size || first[0].at != 0 || first[size].seq != 0 || first[2*size-1].seq != size-1 {
			t.Fatalf("the first picture did not leave at once, and twice: %d packets", len(first))
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		v.close()
		more, _ := peer.take()
		sent := append(first[size:], more...)
		if len(sent) != pictures*size {
			t.Fatalf("%d packets of %d", len(sent), pictures*size)
		}
		last := sent[len(sent)-1]
		if last.ticks != (pictures-1)*3600 {
			t.Errorf("the replay ends at %d", last.ticks)
		}
		for i, w := range sent {
			if want := last.ticks - uint32(pictures-1-i/size)*replayStep; w.ticks != want || w.seq != uint16(i) {
				t.Fatalf("packet %d has time %d, number %d", i, w.ticks, w.seq)
			}
			if j := i + 1024; j < len(sent) && sent[j].at-w.at < 240*time.Millisecond {
				t.Fatalf("packets %d to %d left within %v", i, j, sent[j].at-w.at)
			}
		}
		if last.at > time.Second {
			t.Errorf("the replay took %v", last.at)
		}
	})
}

func TestGOPThatIsTooLongShowsItsKeyframeAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, v, peer := newTestViewer(t)
		for k := range 500 {
			pushed(t, s, k, 11, k == 0)
		}
		v.wg.Go(v.run)
		synctest.Wait()
		if got := peer.seen(); len(got) != 1 || got[0] != 0 {
			t.Fatalf("it shows %v, not the keyframe", got)
		}
		pushed(t, s, 500, 11, false) // would not decode
		pushed(t, s, 501, 11, true)
		pushed(t, s, 502, 11, false)
		synctest.Wait()
		v.close()
		if got := peer.seen(); len(got) != 2 || got[0] != 501 || got[1] != 502 {
			t.Errorf("it goes on with %v", got)
		}
	})
}

func TestSlowViewerGoesOnAtTheNextKeyframeAndNotWithWhatIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, v, peer := newTestViewer(t)
		peer.stuck = make(chan struct{})
		pushed(t, s, 0, 2, true)
		v.wg.Go(v.run)
		synctest.Wait()
		for k := 1; k < 200; k++ { // nobody is held up
			pushed(t, s, k, 2, k%50 == 0)
		}
		close(peer.stuck)
		synctest.Wait()
		for k := 200; k < 260; k++ {
			pushed(t, s, k, 2, k%50 == 0)
			synctest.Wait()
		}
		v.close()
		got := peer.seen()
		if len(got) != 61 || got[0] != 0 || got[1] != 200 {
			t.Errorf("it got %d pictures: %v", len(got), got)
		}
	})
}

func TestWishForAKeyframeIsAnsweredByAReplayOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, v, peer := newTestViewer(t)
		pushed(t, s, 0, 1, true)
		v.wg.Go(v.run)
		for k := 1; k < 60; k++ {
			time.Sleep(40 * time.Millisecond)
			pushed(t, s, k, 1, false)
			v.Refresh() // for every picture
			synctest.Wait()
		}
		v.close()
		replays := 0
		sent, _ := peer.take()
		for i, w := range sent {
			if w.payload[0] == 0x65 || len(w.payload) > 2 && bytes.Equal(w.payload[:2], []byte{0x7c, 0x85}) {
				replays++
			}
			if i > 1 && int32(w.ticks-sent[i-1].ticks) <= 0 {
				t.Fatalf("time goes from %d to %d", sent[i-1].ticks, w.ticks)
			}
		}
		if replays < 4 || replays > 5 { // the first, twice, and one a second
			t.Errorf("the keyframe was sent %d times in 2.4 s", replays)
		}
	})
}

func TestLostPacketIsSentAgainToTheBit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, v, peer := newTestViewer(t)
		v.seq = 1<<16 - 3 // numbers wrap
		pushed(t, s, 0, 3, true)
		v.wg.Go(v.run)
		for k := 1; k < 20; k++ {
			pushed(t, s, k, 3, false)
			synctest.Wait()
		}
		first, _ := peer.take()
		first = first[3:] // after the keyframe, which comes twice at first
		var all []uint16
		for _, w := range first {
			all = append(all, w.seq)
		}
		v.Lost(all)
		v.Lost([]uint16{60, 30000, 65000}) // never sent
		v.close()
		again, flushes := peer.take()
		if len(again) != len(first) || flushes != 2 {
			t.Fatalf("%d of %d packets again, %d flushes", len(again), len(first), flushes)
		}
		for i, w := range again {
			if was := first[i]; w.seq != was.seq || w.ticks != was.ticks || !bytes.Equal(w.payload, was.payload) {
				t.Fatalf("packet %d is another", i)
			}
		}
	})
}

func TestKeyframesGoTwiceToWhoLosesPacketsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, v, peer := newTestViewer(t)
		pushed(t, s, 0, 4, true)
		v.wg.Go(v.run)
		copies := map[int]int{} // of each keyframe
		for k := 1; k <= 60; k++ {
			pushed(t, s, k, 4, k%20 == 0)
			synctest.Wait()
			if k == 25 {
				v.Lost([]uint16{88, 89}) // 2 of 80
			}
		}
		v.close()
		sent, _ := peer.take()
		for _, w := range sent {
			copies[int(w.ticks/3600)]++
		}
		for k, want := range map[int]int{0: 8, 20: 4, 40: 8, 60: 4, 30: 4} {
			if copies[k] != want {
				t.Errorf("picture %d has %d packets, not %d", k, copies[k], want)
			}
		}
	})
}

func TestViewerEndedBeforeItsAnswerIsNotAttached(t *testing.T) {
	_, v, _ := newTestViewer(t)
	v.close()
	if v.attach(nil) {
		t.Error("a closed viewer took a connection")
	}
}

func TestBSlicesAreFoundAtTheFirstOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want bool
	}{"none": {[]string{"-bf", "0", "-g", "10"}, false}, "two": {[]string{"-bf", "2", "-g", "10"}, true}} {
		units, err := makeClip("testsrc2=s=320x180:r=10:d=2", c.args...)
		if err != nil {
			t.Fatal(err)
		}
		found := -1
		for i, nals := range units {
			var r reorderCheck
			if r.hasBFrames(nals, 0) {
				found = i
				break
			}
		}
		if (found >= 0) != c.want || found > 4 {
			t.Errorf("%s: found in picture %d", name, found)
		}
	}
}

func FuzzIsBSlice(f *testing.F) {
	f.Add([]byte{0x41, 0x9a, 0x24})
	f.Add([]byte{0x01, 0x9e, 0x00})
	f.Fuzz(func(t *testing.T, nal []byte) {
		if isBSlice(nal) && nal[0]&0x1f != 1 && nal[0]&0x1f != 2 {
			t.Error("a NAL unit that is no slice")
		}
	})
}

func TestICEServersGiveEachViewerAPasswordThatEnds(t *testing.T) {
	t.Parallel()
	until := time.Unix(1_800_000_000, 0)
	s := ICEServers{URLs: []string{"stun:203.0.113.9:3478", "turn:203.0.113.9:3478?transport=udp"}, Secret: "north"}
	got := s.For("ann", until)
	if len(got) != 2 || got[0].Username != "" || got[1].Username != "1800000000:ann" {
		t.Fatalf("%+v", got)
	}
	if want := "Sqiimhz6m4x0uPJBfx56aqeAS4E="; got[1].Credential != want {
		t.Errorf("password %q, not %q", got[1].Credential, want)
	}
	s.User = "box"
	if got := s.For("ann", until); got[1].Username != "box" || got[1].Credential != "north" {
		t.Errorf("%+v", got[1])
	}
	bad := []ICEServers{{URLs: []string{"turn:x:1"}}, {URLs: []string{"http://x"}}, {URLs: []string{"stun:"}}}
	for _, b := range bad {
		if b.Validate() == nil {
			t.Errorf("%+v is taken", b)
		}
	}
	if err := errors.Join(s.Validate(), ICEServers{}.Validate()); err != nil {
		t.Error(err)
	}
}
