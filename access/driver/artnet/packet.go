package artnet

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/packroom/packroom/access/driver/dmx"
)

// Numbers of Art-Net 4.
const (
	port     = 6454
	revision = 14
	opPoll   = 0x2000
	opReply  = 0x2100
	opDMX    = 0x5000

	dmxHead     = 18
	replyLength = 207 // the fields up to those of revision 1; nodes send more
	merging     = 1 << 3
)

// identifier begins every packet.
var identifier = []byte("Art-Net\x00")

func head(op uint16) []byte {
	b := binary.LittleEndian.AppendUint16(bytes.Clone(identifier), op)
	return append(b, 0, revision)
}

// dmxPacket is ArtDmx; universe is the 15 bit port address.
func dmxPacket(universe int, sequence uint8, f *dmx.Frame) []byte {
	b := append(head(opDMX), sequence, 0, byte(universe), byte(universe>>8), byte(dmx.Channels>>8), byte(dmx.Channels&0xff))
	return append(b, f[:]...)
}

// pollPacket asks all nodes to answer, and to tell when they change.
func pollPacket() []byte { return append(head(opPoll), 1<<1, 0) }

// packet is what matters of what nodes and other controllers send.
type packet struct {
	universe int   // of an ArtDmx
	reply    *node // or an ArtPollReply
}

// node is one page of a node's answer.
type node struct {
	name    string
	outputs map[int]bool // by universe: does it merge another source into it?
}

// parse reads ArtDmx and ArtPollReply; ok is false for all else.
func parse(b []byte) (p packet, ok bool) {
	if len(b) < len(identifier)+2 || !bytes.HasPrefix(b, identifier) {
		return packet{}, false
	}
	switch op := binary.LittleEndian.Uint16(b[8:]); {
	case op == opDMX && len(b) > dmxHead:
		return packet{universe: int(b[14]) | int(b[15]&0x7f)<<8}, true
	case op == opReply && len(b) >= replyLength:
		return packet{reply: parseNode(b)}, true
	}
	return packet{}, false
}

func parseNode(b []byte) *node {
	name, _, _ := bytes.Cut(b[26:44], []byte{0})
	n := &node{name: strings.ToValidUTF8(string(name), "?"), outputs: map[int]bool{}}
	for i := range min(int(b[173]), 4) {
		if b[174+i]&(1<<7) != 0 { // this port can put out
			n.outputs[int(b[18]&0x7f)<<8|int(b[19]&0x0f)<<4|int(b[190+i]&0x0f)] = b[182+i]&merging != 0
		}
	}
	return n
}
