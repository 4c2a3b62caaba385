package access

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/packroom/packroom/room"
)

// EdgePrefix begins the text of every signed code.
const EdgePrefix = "PR2:"

func isEdge(text string) bool { return strings.HasPrefix(text, EdgePrefix) }

// EdgeKeys are the public keys of those whose signed codes are taken, by key ID.
// A key is withdrawn by leaving it out.
type EdgeKeys map[uint32]ed25519.PublicKey

// ReadEdgeKeys reads public keys, a line each: the key's ID in decimal, a space,
// its 32 bytes in Base64. Empty lines and those that begin with # are passed over.
func ReadEdgeKeys(r io.Reader) (EdgeKeys, error) {
	keys := EdgeKeys{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		id, key, _ := strings.Cut(text, " ")
		number, err1 := strconv.ParseUint(id, 10, 32)
		bytes, err2 := base64.StdEncoding.DecodeString(strings.TrimSpace(key))
		if err1 != nil || err2 != nil || len(bytes) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("edge keys, line %d: %w: write NUMBER BASE64, of an Ed25519 public key", n, room.ErrInvalid)
		}
		if _, twice := keys[uint32(number)]; twice {
			return nil, fmt.Errorf("edge keys, line %d: %w: key %d is there twice", n, room.ErrInvalid, number)
		}
		keys[uint32(number)] = bytes
	}
	return keys, lines.Err()
}

// Pass is what a signed code says: it lets a resident into one room once. It is
// for a place that cannot ask this box: it signs, this box checks.
type Pass struct {
	Key       uint32 // whose signature it is
	Room      string
	Holder    string // resident's ID
	NotBefore time.Time
	Expires   time.Time
	Nonce     [16]byte // used up by the entry
}

// MaxPass bounds how long a signed code may be valid: its key is its only end
// before that.
const MaxPass = 7 * 24 * time.Hour

// NewPass makes a pass with a nonce of its own.
func NewPass(key uint32, roomID, holder string, notBefore, expires time.Time) Pass {
	p := Pass{Key: key, Room: roomID, Holder: holder, NotBefore: notBefore, Expires: expires}
	_, _ = rand.Read(p.Nonce[:]) // never fails since Go 1.24
	return p
}

// Sign makes the text of a QR code: EdgePrefix and the Base32 of the fields and
// their Ed25519 signature, all in QR's alphanumeric set.
func Sign(key ed25519.PrivateKey, p Pass) (string, error) {
	if p.Room == "" || p.Holder == "" || len(p.Room) > 64 || len(p.Holder) > 64 {
		return "", fmt.Errorf("sign a code: %w: room and holder have 1 to 64 bytes", room.ErrInvalid)
	}
	if life := p.Expires.Sub(p.NotBefore); life <= 0 || life > MaxPass {
		return "", fmt.Errorf("sign a code: %w: it would be valid for %s; at most %s", room.ErrInvalid, life, MaxPass)
	}
	b := p.encode()
	return EdgePrefix + edgeText.EncodeToString(append(b, ed25519.Sign(key, signed(b))...)), nil
}

var edgeText = base32.StdEncoding.WithPadding(base32.NoPadding)

// signed is what a signature is over: it can be none of anything else.
func signed(b []byte) []byte { return append([]byte("packroom edge pass 1\n"), b...) }

// fixed is how many bytes of a code do not depend on its texts.
const fixed = 4 + 8 + 8 + 16 + 1

func (p Pass) encode() []byte {
	b := binary.BigEndian.AppendUint32(nil, p.Key)
	b = binary.BigEndian.AppendUint64(b, uint64(p.NotBefore.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(p.Expires.Unix()))
	b = append(b, p.Nonce[:]...)
	b = append(b, byte(len(p.Room)))
	return append(append(b, p.Room...), p.Holder...)
}

var errNoPass = errors.New("this is no signed code")

// decode reads a code and checks its signature.
func (keys EdgeKeys) decode(text string) (Pass, error) {
	b, err := edgeText.DecodeString(strings.TrimPrefix(text, EdgePrefix))
	if err != nil || len(b) < fixed+ed25519.SignatureSize {
		return Pass{}, errNoPass
	}
	body, signature := b[:len(b)-ed25519.SignatureSize], b[len(b)-ed25519.SignatureSize:]
	p := Pass{Key: binary.BigEndian.Uint32(body)}
	key, known := keys[p.Key]
	if !known || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, signed(body), signature) {
		return Pass{}, errNoPass
	}
	n := int(body[fixed-1])
	if len(body) <= fixed+n {
		return Pass{}, errNoPass
	}
	p.NotBefore = time.Unix(int64(binary.BigEndian.Uint64(body[4:])), 0).UTC()
	p.Expires = time.Unix(int64(binary.BigEndian.Uint64(body[12:])), 0).UTC()
	copy(p.Nonce[:], body[20:])
	p.Room, p.Holder = string(body[fixed:fixed+n]), string(body[fixed+n:])
	return p, nil
}

// recogniseEdge says whom a signed code lets in. Whether its nonce was used up
// before shows when the grant is committed.
func (g *Gate) recogniseEdge(ctx context.Context, text string, now time.Time) (room.Identity, error) {
	p, err := g.cfg.Edges.decode(text)
	if err != nil || p.Room != g.cfg.Room || p.Expires.Sub(p.NotBefore) > MaxPass {
		return room.Identity{}, denied(reasonUnknown)
	}
	switch {
	case !now.Before(p.Expires):
		return room.Identity{}, denied(reasonExpired)
	case now.Before(p.NotBefore):
		return room.Identity{}, denied(reasonNotYet)
	}
	id := "edge-" + hex.EncodeToString(p.Nonce[:])
	who := room.Identity{Holder: p.Holder, Credential: id, Once: id}
	return who, g.resident(ctx, &who)
}
