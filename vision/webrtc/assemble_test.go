package webrtc

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// FuzzAssembler gives it packets in any order, with any payload: a length, a
// sequence number, a marker and the payload each.
func FuzzAssembler(f *testing.F) {
	f.Add([]byte{4, 0, 0, 1, 0x41, 0x9a, 1, 2, 5, 0, 2, 1, 0x7c, 0x85, 1, 2, 3, 2, 0, 1, 0, 0x41, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		broken := 0
		a := &assembler{patience: time.Second, waiting: map[uint16]*rtp.Packet{}, lost: func() { broken++ },
			out: func(p Picture) {
				for _, n := range p.NALs {
					if len(n) == 0 {
						t.Error("an empty NAL unit")
					}
				}
			}}
		now := time.Unix(0, 0)
		for len(b) >= 4 {
			n := min(int(b[0]), len(b)-4)
			p := &rtp.Packet{Header: rtp.Header{SequenceNumber: binary.BigEndian.Uint16(b[1:]), Marker: b[3]&1 == 1}, Payload: b[4 : 4+n]}
			now = now.Add(time.Duration(b[3]) * 10 * time.Millisecond)
			a.add(p, now)
			if len(a.waiting) > waitingMost {
				t.Fatalf("%d packets wait", len(a.waiting))
			}
			b = b[4+n:]
		}
	})
}

func TestMissingPacketIsWaitedForAndThenDoneWithout(t *testing.T) {
	t.Parallel()
	var got []Picture
	lost := 0
	a := &assembler{patience: 250 * time.Millisecond, waiting: map[uint16]*rtp.Packet{}, lost: func() { lost++ },
		out: func(p Picture) { got = append(got, p) }}
	now := time.Unix(0, 0)
	add := func(seq uint16, marker bool) {
		a.add(&rtp.Packet{Header: rtp.Header{SequenceNumber: seq, Timestamp: uint32(seq), Marker: marker}, Payload: []byte{0x41, byte(seq)}}, now)
	}
	add(65534, false)
	add(0, true) // 65535 is missing
	if len(got) != 0 {
		t.Fatal("a picture with a hole was given out at once")
	}
	now = now.Add(200 * time.Millisecond)
	add(65535, false)
	if len(got) != 1 || !got[0].Whole || len(got[0].NALs) != 3 {
		t.Fatalf("after the missing packet: %+v", got)
	}
	add(2, true) // 1 is missing
	now = now.Add(300 * time.Millisecond)
	add(3, true)
	if len(got) != 3 || got[1].Whole || !got[2].Whole || lost != 1 {
		t.Errorf("without it: %+v, %d lost", got[1:], lost)
	}
	add(1, false)
	if len(got) != 3 {
		t.Error("a packet that came too late was taken")
	}
}
