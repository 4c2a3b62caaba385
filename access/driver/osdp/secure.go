package osdp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/packroom/packroom/room"
)

// Key is a device's own secure channel base key (SCBK).
type Key [16]byte

// defaultKey is SCBK-D, which the specification publishes: everybody has it.
func defaultKey() Key {
	var k Key
	for i := range k {
		k[i] = byte(0x30 + i)
	}
	return k
}

// readKey reads a key file: 32 hexadecimal digits, and nobody else may read it.
func readKey(path string) (Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Key{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("others may read %s: chmod 600 it", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Key{}, err
	}
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(b) != len(Key{}) {
		return Key{}, fmt.Errorf("%s does not hold 32 hexadecimal digits; make them with: openssl rand -hex 16", path)
	}
	if k := Key(b); k != defaultKey() {
		return k, nil
	}
	return Key{}, fmt.Errorf("%s holds the published default key; make one with: openssl rand -hex 16", path)
}

// session is one secure channel. Each MAC begins with the other side's last one,
// so that a frame that is sent again, or in another order, is none.
type session struct {
	enc, mac1, mac2 cipher.Block
	cmac, rmac      [16]byte // last MAC of a command, of a reply
}

func newSession(key Key, rndA [8]byte) *session {
	base := block(key)
	derive := func(a, b byte) cipher.Block {
		in := [16]byte{a, b}
		copy(in[2:], rndA[:6])
		base.Encrypt(in[:], in[:])
		return block(in)
	}
	return &session{enc: derive(0x01, 0x82), mac1: derive(0x01, 0x01), mac2: derive(0x01, 0x02)}
}

func block(key [16]byte) cipher.Block {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has sixteen bytes
	}
	return b
}

// cryptogram proves to who made b that the key is known: the client's is over
// its challenge and its own number, the server's the other way round.
func (s *session) cryptogram(a, b [8]byte) (out [16]byte) {
	copy(out[:], a[:])
	copy(out[8:], b[:])
	s.enc.Encrypt(out[:], out[:])
	return out
}

// initialMAC is R-MAC-I, from the server's cryptogram.
func (s *session) initialMAC(server [16]byte) (out [16]byte) {
	s.mac1.Encrypt(out[:], server[:])
	s.mac2.Encrypt(out[:], out[:])
	return out
}

// mac is the MAC of a frame's body after the other side's last MAC.
func (s *session) mac(body []byte, last [16]byte) [16]byte {
	sum := last
	for len(body) > 0 {
		var in [16]byte
		n := copy(in[:], body)
		if n < len(in) {
			in[n] = 0x80
		}
		body = body[n:]
		subtle.XORBytes(sum[:], sum[:], in[:])
		if len(body) > 0 {
			s.mac1.Encrypt(sum[:], sum[:])
		} else {
			s.mac2.Encrypt(sum[:], sum[:])
		}
	}
	return sum
}

// seal encrypts a frame's data, beginning with the complement of the last MAC.
func (s *session) seal(data []byte, last [16]byte) []byte {
	out := append(append([]byte(nil), data...), 0x80)
	for len(out)%16 != 0 {
		out = append(out, 0)
	}
	cipher.NewCBCEncrypter(s.enc, complement(last)).CryptBlocks(out, out)
	return out
}

// open decrypts what seal made.
func (s *session) open(data []byte, last [16]byte) ([]byte, error) {
	if len(data) == 0 || len(data)%16 != 0 {
		return nil, fmt.Errorf("%w: %d encrypted bytes", errInsecure, len(data))
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(s.enc, complement(last)).CryptBlocks(out, data)
	for n := len(out) - 1; n >= 0; n-- {
		switch out[n] {
		case 0x80:
			return out[:n], nil
		case 0:
		default:
			return nil, fmt.Errorf("%w: wrong padding", errInsecure)
		}
	}
	return nil, fmt.Errorf("%w: no padding", errInsecure)
}

func complement(mac [16]byte) []byte {
	out := make([]byte, len(mac))
	for i, b := range mac {
		out[i] = ^b
	}
	return out
}

// errInsecure ends a session: somebody else may be on the line.
var errInsecure = room.Refuse(room.ErrUnavailable, "device_insecure", "the secure channel is broken; somebody may be on the line")
