package sacn

import (
	"bytes"
	"encoding/binary"
	"net"
	"strings"

	"github.com/packroom/packroom/access/driver/dmx"
)

// Numbers of ANSI E1.31-2018.
const (
	port          = 5568
	vectorData    = 0x00000004 // root layer
	vectorMore    = 0x00000008 // root layer: universe discovery
	vectorPacket  = 0x00000002 // framing layer
	vectorList    = 0x00000001 // universe discovery layer
	optTerminated = 1 << 6
	headLength    = 126 // of a data packet, with the start code
	nameLength    = 64
)

// identifier begins the root layer, after the sizes of preamble and postamble.
var identifier = []byte("\x00\x10\x00\x00ASC-E1.17\x00\x00\x00")

// source is who sends.
type source struct {
	cid      [16]byte
	name     string
	priority int
}

// root begins a packet; flags and lengths are filled in by finish.
func (s source) root(vector uint32) []byte {
	b := bytes.Clone(identifier)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, vector)
	return append(b, s.cid[:]...)
}

func (s source) label(b []byte) []byte {
	name := make([]byte, nameLength)
	copy(name[:nameLength-1], s.name) // the last byte is NUL
	return append(b, name...)
}

// finish fills in the length of each layer that begins at one of starts.
func finish(b []byte, starts ...int) []byte {
	for _, at := range starts {
		binary.BigEndian.PutUint16(b[at:], 0x7000|uint16(len(b)-at))
	}
	return b
}

// data is an E1.31 data packet.
func (s source) data(universe int, sequence, options uint8, f *dmx.Frame) []byte {
	b := append(s.root(vectorData), 0, 0) // framing layer
	b = binary.BigEndian.AppendUint32(b, vectorPacket)
	b = s.label(b)
	b = append(b, uint8(s.priority), 0, 0, sequence, options)
	b = binary.BigEndian.AppendUint16(b, uint16(universe))
	b = append(b, 0, 0, 0x02, 0xa1, 0, 0, 0, 1, 2, 1, 0) // DMP layer: 513 values of one byte from 0 on, start code 0
	return finish(append(b, f[:]...), 16, 38, 115)
}

// discovery is an E1.31 universe discovery packet; universes are sorted, and one
// page holds 512 of them.
func (s source) discovery(universes []int) []byte {
	b := append(s.root(vectorMore), 0, 0)
	b = binary.BigEndian.AppendUint32(b, vectorPacket)
	b = s.label(b)
	b = append(b, 0, 0, 0, 0, 0, 0) // reserved; universe discovery layer
	b = binary.BigEndian.AppendUint32(b, vectorList)
	b = append(b, 0, 0) // the first page of one
	for _, u := range universes[:min(len(universes), 512)] {
		b = binary.BigEndian.AppendUint16(b, uint16(u))
	}
	return finish(b, 16, 38, 112)
}

// heard is what matters of a data packet of somebody else.
type heard struct {
	cid        [16]byte
	name       string
	priority   int
	universe   int
	terminated bool
}

// parse reads a data packet with DMX in it; ok is false for all else.
func parse(b []byte) (h heard, ok bool) {
	if len(b) < headLength || !bytes.HasPrefix(b, identifier) ||
		binary.BigEndian.Uint32(b[18:]) != vectorData || binary.BigEndian.Uint32(b[40:]) != vectorPacket {
		return heard{}, false
	}
	const preview = 1 << 7 // not meant for lights
	if b[112]&preview != 0 || b[117] != 0x02 || b[125] != 0 {
		return heard{}, false
	}
	copy(h.cid[:], b[22:])
	name, _, _ := bytes.Cut(b[44:44+nameLength], []byte{0})
	h.name = strings.ToValidUTF8(string(name), "?")
	h.priority, h.terminated, h.universe = int(b[108]), b[112]&optTerminated != 0, int(binary.BigEndian.Uint16(b[113:]))
	return h, true
}

// group is the multicast address of a universe.
func group(universe int) *net.UDPAddr {
	return &net.UDPAddr{IP: net.IPv4(239, 255, byte(universe>>8), byte(universe)), Port: port}
}

// everybody is where universe discovery goes.
const everybody = 64214
