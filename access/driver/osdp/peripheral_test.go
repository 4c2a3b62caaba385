package osdp

import (
	"bytes"
	"crypto/rand"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// peripheral is a reader with keypad, LED, buzzer, an output with a strike and
// two inputs, by the specification: it carries a repeated frame out once, gives
// its answer again, and locks by its own clock.
type peripheral struct {
	address byte

	mu       sync.Mutex
	key      *Key // nil: it has the default key
	s        *session
	sequence byte
	last     []byte // its answer to the frame before, and that frame
	lastIn   []byte
	until    time.Time // the strike is released until then
	inputs   []byte
	events   []frame // to be told at the next polls
	lit      []byte  // data of the LED command before
	tones    int
	clear    bool // it answers polls in the clear
	carried  map[byte]int
}

// plugIn lets the peripheral answer at a serial port until the test ends.
func (p *peripheral) plugIn(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.carried = map[byte]int{}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = f.Close()
		wg.Wait()
	})
	wg.Go(func() {
		in := reader{p: f}
		for {
			got, err := in.next(time.Now().Add(20*time.Millisecond), func() {})
			if isTimeout(err) {
				in.buf = nil // a frame that pauses is over
				continue
			}
			if err != nil {
				return
			}
			if got.reply || got.address != p.address {
				continue
			}
			if answer := p.answer(got); answer != nil {
				if _, err := f.Write(answer); err != nil {
					return
				}
			}
		}
	})
}

func (p *peripheral) answer(in frame) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := slices.Concat(in.body, in.mac)
	if in.sequence != 0 && in.sequence == p.sequence && bytes.Equal(asked, p.lastIn) {
		return p.last
	}
	p.sequence, p.lastIn = in.sequence, asked
	out := frame{address: p.address, reply: true, sequence: in.sequence}
	switch {
	case len(in.security) > 1 && in.security[0] == scs11:
		p.challenge(in, &out)
	case len(in.security) > 1 && in.security[0] == scs13 && p.s != nil:
		var server [16]byte
		copy(server[:], in.data)
		p.s.rmac = p.s.initialMAC(server)
		out.security, out.code, out.data = []byte{scs14, 1}, replyRMACI, p.s.rmac[:]
	case in.signed() && p.s != nil:
		if !p.secure(in, &out) {
			return nil
		}
	default:
		out.code, out.data = replyNak, []byte{5}
	}
	p.last = out.encode()
	return p.last
}

func (p *peripheral) challenge(in frame, out *frame) {
	key, which := defaultKey(), byte(0)
	if p.key != nil {
		key, which = *p.key, 1
	}
	if in.security[1] == 0 && which == 1 {
		out.code, out.data = replyNak, []byte{6} // it has a key of its own: the default one is gone
		return
	}
	var rndA, rndB [8]byte
	copy(rndA[:], in.data)
	_, _ = rand.Read(rndB[:])
	p.s = newSession(key, rndA)
	client := p.s.cryptogram(rndA, rndB)
	out.security, out.code = []byte{scs12, which}, replyCCrypt
	out.data = slices.Concat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, rndB[:], client[:])
}

// secure answers over the channel; false for a frame that is not the panel's.
func (p *peripheral) secure(in frame, out *frame) bool {
	mac := p.s.mac(in.body, p.s.rmac)
	if !bytes.Equal(mac[:macLength], in.mac) {
		return false
	}
	data := in.data
	if in.security[0] == scs17 {
		var err error
		if data, err = p.s.open(data, p.s.rmac); err != nil {
			return false
		}
	}
	p.s.cmac = mac
	if p.clear {
		out.code = replyAck
		return true
	}
	p.carryOut(in.code, data, out)
	out.security = []byte{scs16}
	if len(out.data) > 0 {
		out.security, out.data = []byte{scs18}, p.s.seal(out.data, p.s.cmac)
	}
	p.s.rmac = p.s.mac(out.head(), p.s.cmac)
	out.mac = p.s.rmac[:macLength]
	return true
}

func (p *peripheral) carryOut(code byte, data []byte, out *frame) {
	p.carried[code]++
	out.code = replyAck
	switch code {
	case cmdPoll:
		if len(p.events) > 0 {
			out.code, out.data, p.events = p.events[0].code, p.events[0].data, p.events[1:]
		}
	case cmdID:
		out.code, out.data = replyID, []byte{0xAA, 0xBB, 0xCC, 1, 2, 4, 3, 2, 1, 5, 6, 7}
	case cmdInputs:
		out.code, out.data = replyInputs, slices.Clone(p.inputs)
	case cmdOutput:
		p.until = time.Time{}
		if data[1] == 5 {
			p.until = time.Now().Add(time.Duration(int(data[2])|int(data[3])<<8) * 100 * time.Millisecond)
		}
		out.code, out.data = replyOutputs, []byte{0}
	case cmdLED:
		p.lit = slices.Clone(data)
	case cmdBuzzer:
		p.tones++
	case cmdKeySet:
		key := Key(data[2:18])
		p.key = &key
	default:
		out.code, out.data = replyNak, []byte{3}
	}
}

func (p *peripheral) released() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Before(p.until)
}

func (p *peripheral) input(n int, level byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inputs[n] = level
	p.events = append(p.events, frame{code: replyInputs, data: slices.Clone(p.inputs)})
}

func (p *peripheral) tell(code byte, data ...byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, frame{code: code, data: data})
}
