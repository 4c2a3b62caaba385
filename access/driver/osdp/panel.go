package osdp

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/packroom/packroom/access/driver/device"
	"github.com/packroom/packroom/room"
)

// panel is the control panel's side of one device: it keeps a secure channel and
// sends one command after another. Safe for concurrent use.
type panel struct {
	address byte
	key     Key
	install func() bool // may the default key be replaced now?
	timeout time.Duration
	count   func(what string)
	dial    func() (port, error)

	mu       sync.Mutex
	p        port
	in       reader
	s        *session // nil: no channel, and nothing is sent
	sequence byte
}

// tries is how often a command is sent before the device counts as lost. It is
// the same frame each time, which a device carries out once.
const tries = 4

// nak is a device's refusal.
type nak byte

// Error says what the code means.
func (n nak) Error() string {
	text := map[nak]string{1: "wrong checksum", 2: "wrong length", 3: "it has no such command", 4: "wrong sequence number",
		5: "it asks for a secure channel", 6: "it asks for encryption", 9: "it cannot do what was asked"}[n]
	if text == "" {
		text = "it refused"
	}
	return fmt.Sprintf("%s (NAK %d)", text, byte(n))
}

// Unwrap makes it room.ErrUnavailable.
func (n nak) Unwrap() error { return room.ErrUnavailable }

// errNoChannel is the answer while no secure channel stands: nothing is ever sent
// in the clear instead.
var errNoChannel = fmt.Errorf("%w: no secure channel", room.ErrUnavailable)

// do sends a command over the secure channel and gives the reply.
func (k *panel) do(ctx context.Context, code byte, data []byte) (frame, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.s == nil {
		return frame{}, errNoChannel
	}
	if ctx.Err() != nil { // nothing was sent: the channel stands
		return frame{}, fmt.Errorf("%w: %v", room.ErrUnavailable, ctx.Err())
	}
	return k.command(ctx, code, data)
}

// command sends one over the channel; k.mu is held. Any failure but a refusal
// ends the channel.
func (k *panel) command(ctx context.Context, code byte, data []byte) (frame, error) {
	f := frame{address: k.address, sequence: k.sequence, security: []byte{scs15}, code: code, data: data}
	if len(data) > 0 {
		f.security, f.data = []byte{scs17}, k.s.seal(data, k.s.rmac)
	}
	k.s.cmac = k.s.mac(f.head(), k.s.rmac)
	f.mac = k.s.cmac[:macLength]
	reply, err := k.exchange(ctx, f)
	if err == nil {
		err = k.check(&reply)
	}
	if err != nil {
		k.drop()
		return frame{}, err
	}
	k.advance()
	if reply.code == replyNak && len(reply.data) > 0 {
		return frame{}, nak(reply.data[0])
	}
	return reply, nil
}

// check proves that a reply is the device's to the last command, and decrypts it.
func (k *panel) check(reply *frame) error {
	if !reply.signed() || reply.security[0] != scs16 && reply.security[0] != scs18 {
		return fmt.Errorf("%w: a reply in the clear", errInsecure)
	}
	mac := k.s.mac(reply.body, k.s.cmac)
	if !hmac.Equal(mac[:macLength], reply.mac) {
		return fmt.Errorf("%w: a wrong MAC", errInsecure)
	}
	if reply.security[0] == scs18 {
		data, err := k.s.open(reply.data, k.s.cmac)
		if err != nil {
			return err
		}
		reply.data = data
	}
	k.s.rmac = mac
	return nil
}

func (k *panel) advance() { k.sequence = k.sequence%3 + 1 }

// exchange sends a frame until its reply comes. Frames of others, of earlier
// commands, and garbled ones are passed over.
func (k *panel) exchange(ctx context.Context, f frame) (frame, error) {
	out := f.encode()
	var err error
	var heard noise
	for range tries {
		if ctx.Err() != nil {
			return frame{}, fmt.Errorf("%w: %v", room.ErrUnavailable, ctx.Err())
		}
		var reply frame
		if reply, err = k.try(out, &heard); err == nil {
			return reply, nil
		}
		if !isTimeout(err) {
			break
		}
		k.count("timeouts")
	}
	if isTimeout(err) {
		return frame{}, heard.trouble(k.timeout)
	}
	return frame{}, fmt.Errorf("%w: %w", room.ErrUnavailable, err)
}

// noise is what came in place of an answer.
type noise struct{ garbled, others bool }

// trouble says what it may mean, and what to look at.
func (n noise) trouble(within time.Duration) error {
	switch {
	case n.others:
		return device.Others()
	case n.garbled:
		return device.Garbled()
	}
	return device.Silent(within)
}

func (k *panel) try(out []byte, heard *noise) (frame, error) {
	if err := k.in.flush(); err != nil {
		return frame{}, err
	}
	end := time.Now().Add(k.timeout)
	if err := k.p.SetWriteDeadline(end); err != nil {
		return frame{}, err
	}
	if _, err := k.p.Write(out); err != nil {
		return frame{}, err
	}
	for {
		reply, err := k.in.next(end, func() { heard.garbled = true; k.count("garbled frames") })
		if err != nil {
			return frame{}, err
		}
		if !reply.reply || reply.address != k.address || reply.sequence != k.sequence || reply.code == replyBusy {
			heard.others = heard.others || reply.code != replyBusy
			k.count("late or other frames")
			continue
		}
		return reply, nil
	}
}

// drop ends the channel and closes the port.
func (k *panel) drop() {
	k.s = nil
	if k.p != nil {
		_ = k.p.Close() // it failed, or is not needed
		k.p = nil
	}
}

// connect makes a new secure channel with the device's own key. In install mode a
// device that has the default key still is given its own first.
func (k *panel) connect(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	err := k.handshake(ctx, k.key, 1)
	if err == nil || !k.install() {
		return err
	}
	if k.handshake(ctx, defaultKey(), 0) != nil {
		return err
	}
	if _, err := k.command(ctx, cmdKeySet, append([]byte{1, byte(len(k.key))}, k.key[:]...)); err != nil {
		return fmt.Errorf("give the device its key: %w", err)
	}
	k.count("keys given")
	return k.handshake(ctx, k.key, 1)
}

// handshake opens the port anew and agrees on a session; which is the number of
// the key: 0 the default one, 1 the device's own.
func (k *panel) handshake(ctx context.Context, key Key, which byte) error {
	k.drop()
	p, err := k.dial()
	if err != nil {
		return err
	}
	k.p, k.in, k.sequence = p, reader{p: p}, 0
	if k.s, err = k.agree(ctx, key, which); err != nil {
		k.drop()
		return err
	}
	return nil
}

func (k *panel) agree(ctx context.Context, key Key, which byte) (*session, error) {
	var rndA, rndB [8]byte
	_, _ = rand.Read(rndA[:]) // never fails since Go 1.24
	reply, err := k.exchange(ctx, frame{address: k.address, sequence: k.sequence, security: []byte{scs11, which}, code: cmdChlng, data: rndA[:]})
	if err != nil {
		return nil, err
	}
	if err := k.answers(reply, replyCCrypt, scs12, 32); err != nil {
		return nil, err
	}
	if reply.security[1] != which {
		return nil, room.Refuse(room.ErrUnavailable, "device_default_key", "the device has the default key, which everybody knows: give it its own in install mode")
	}
	s := newSession(key, rndA)
	copy(rndB[:], reply.data[8:16])
	if want := s.cryptogram(rndA, rndB); !hmac.Equal(want[:], reply.data[16:32]) {
		return nil, room.Refuse(room.ErrUnavailable, "device_key", "the device has another key than the option key_file")
	}
	k.advance()
	server := s.cryptogram(rndB, rndA)
	reply, err = k.exchange(ctx, frame{address: k.address, sequence: k.sequence, security: []byte{scs13, which}, code: cmdSCrypt, data: server[:]})
	if err != nil {
		return nil, err
	}
	if err := k.answers(reply, replyRMACI, scs14, 16); err != nil {
		return nil, err
	}
	s.rmac = s.initialMAC(server)
	if !hmac.Equal(s.rmac[:], reply.data) {
		return nil, fmt.Errorf("%w: the device does not prove its key", room.ErrUnavailable)
	}
	k.advance()
	return s, nil
}

// answers checks the shape of a handshake's reply.
func (k *panel) answers(reply frame, code, security byte, length int) error {
	if reply.code == replyNak && len(reply.data) > 0 {
		return fmt.Errorf("the device takes no secure channel with this key: %w", nak(reply.data[0]))
	}
	if reply.code != code || len(reply.security) < 2 || reply.security[0] != security || len(reply.data) != length {
		return fmt.Errorf("%w: code %02x, block % x, %d bytes", errInsecure, reply.code, reply.security, len(reply.data))
	}
	return nil
}

// connected reports whether a channel stands.
func (k *panel) connected() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.s != nil
}

// close ends the channel.
func (k *panel) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop()
}

// refused reports whether a device understood a command and does not carry it out.
func refused(err error) bool {
	var n nak
	return errors.As(err, &n)
}
