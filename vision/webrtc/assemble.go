package webrtc

import (
	"bytes"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	pion "github.com/pion/webrtc/v3"
)

// waitingMost is how many packets may wait for a missing one; as in libwebrtc.
const waitingMost = 2048

// assembler puts packets in order and joins them to pictures.
type assembler struct {
	patience time.Duration
	out      func(Picture)
	lost     func()

	waiting map[uint16]*rtp.Packet
	next    uint16
	began   bool
	missing time.Time // since when next is waited for

	h264 codecs.H264Packet
	pic  Picture
	bad  bool
}

// read takes a track's packets until it ends.
func (p *Player) read(t *pion.TrackRemote) {
	a := &assembler{patience: p.cfg.Patience, waiting: map[uint16]*rtp.Packet{}, lost: func() { p.Lost.Add(1) },
		out: func(pic Picture) {
			pic.Since = pic.At.Sub(p.began)
			if p.cfg.On != nil {
				p.cfg.On(pic)
			}
		}}
	for {
		q, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		p.Packets.Add(1)
		a.add(q, time.Now())
	}
}

func (a *assembler) add(q *rtp.Packet, now time.Time) {
	if !a.began {
		a.began, a.next = true, q.SequenceNumber
	}
	if int16(q.SequenceNumber-a.next) < 0 {
		return // twice, or too late
	}
	a.waiting[q.SequenceNumber] = q
	for len(a.waiting) > 0 {
		if q := a.waiting[a.next]; q != nil {
			delete(a.waiting, a.next)
			a.missing = time.Time{}
			a.take(q, now)
			a.next++
			continue
		}
		if a.missing.IsZero() {
			a.missing = now
		}
		if now.Sub(a.missing) < a.patience && len(a.waiting) < waitingMost {
			return
		}
		a.lost()
		a.bad = true
		a.next++
	}
}

// take adds the next packet to the picture. Pion's depacketizer gives Annex B.
func (a *assembler) take(q *rtp.Packet, now time.Time) {
	b, err := a.h264.Unmarshal(q.Payload)
	if err != nil {
		a.bad = true
	}
	for _, nal := range bytes.Split(b, []byte{0, 0, 0, 1}) {
		if len(nal) == 0 {
			continue
		}
		a.pic.NALs = append(a.pic.NALs, nal)
		a.pic.Key = a.pic.Key || nal[0]&0x1f == 7
	}
	if q.Marker {
		a.pic.Ticks, a.pic.At, a.pic.Whole = q.Timestamp, now, !a.bad
		a.out(a.pic)
		a.pic, a.bad = Picture{}, false
	}
}
