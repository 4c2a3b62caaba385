package vision

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// FLV with one H264 track is how units travel to and from ffmpeg: each picture
// with its time, and complete when its last byte is there. Adobe Flash Video
// File Format Specification 10.1, annex E.

const (
	flvVideo        = 9
	flvKeyAVC       = 0x17
	flvInterAVC     = 0x27
	flvSequenceHead = 0
	flvNALUs        = 1
	flvMaxTag       = 16 << 20
)

var errFLV = errors.New("not FLV with H264")

// flvWriter writes an H264 stream.
type flvWriter struct {
	w   io.Writer
	buf []byte
}

// header begins the stream with its parameter sets.
func (f *flvWriter) header(sps, pps []byte) error {
	if len(sps) < 4 || len(sps) > 0xffff || len(pps) > 0xffff {
		return fmt.Errorf("begin FLV: %w", errFLV)
	}
	head := []byte{'F', 'L', 'V', 1, 1, 0, 0, 0, 9, 0, 0, 0, 0}
	if _, err := f.w.Write(head); err != nil {
		return err
	}
	// AVCDecoderConfigurationRecord, ISO 14496-15
	conf := []byte{1, sps[1], sps[2], sps[3], 0xff, 0xe1}
	conf = binary.BigEndian.AppendUint16(conf, uint16(len(sps)))
	conf = append(conf, sps...)
	conf = append(conf, 1)
	conf = binary.BigEndian.AppendUint16(conf, uint16(len(pps)))
	conf = append(conf, pps...)
	return f.tag(0, []byte{flvKeyAVC, flvSequenceHead, 0, 0, 0}, conf)
}

// unit writes one picture, at milliseconds ms.
func (f *flvWriter) unit(u *Unit, ms uint32) error {
	head := []byte{flvInterAVC, flvNALUs, 0, 0, 0}
	if u.Key {
		head[0] = flvKeyAVC
	}
	body, err := h264.AVCC(u.NALs).Marshal()
	if err != nil {
		return fmt.Errorf("write FLV: %w", err)
	}
	return f.tag(ms, head, body)
}

func (f *flvWriter) tag(ms uint32, head, body []byte) error {
	n := len(head) + len(body)
	b := append(f.buf[:0], flvVideo, byte(n>>16), byte(n>>8), byte(n),
		byte(ms>>16), byte(ms>>8), byte(ms), byte(ms>>24), 0, 0, 0)
	b = append(append(b, head...), body...)
	b = binary.BigEndian.AppendUint32(b, uint32(n+11))
	f.buf = b
	_, err := f.w.Write(b)
	return err
}

// readFLV reads a stream to its end and calls out for each access unit.
// Parameter sets of the stream's head come as a unit of their own.
func readFLV(r io.Reader, out func(nals [][]byte, pts time.Duration)) error {
	br := bufio.NewReaderSize(r, 1<<16)
	var head [13]byte
	if _, err := io.ReadFull(br, head[:]); err != nil {
		return err
	}
	if string(head[:3]) != "FLV" || binary.BigEndian.Uint32(head[5:]) != 9 {
		return errFLV
	}
	for {
		var h [11]byte
		if _, err := io.ReadFull(br, h[:]); err != nil {
			return err
		}
		n := int(h[1])<<16 | int(h[2])<<8 | int(h[3])
		ms := uint32(h[4])<<16 | uint32(h[5])<<8 | uint32(h[6]) | uint32(h[7])<<24
		if n > flvMaxTag {
			return errFLV
		}
		body := make([]byte, n+4)
		if _, err := io.ReadFull(br, body); err != nil {
			return err
		}
		if h[0] != flvVideo || n < 5 {
			continue
		}
		nals, err := flvBody(body[:n])
		if err != nil {
			return err
		}
		if len(nals) > 0 {
			out(nals, time.Duration(ms)*time.Millisecond)
		}
	}
}

func flvBody(b []byte) ([][]byte, error) {
	if b[0]&0x0f != 7 {
		return nil, errFLV
	}
	switch b[1] {
	case flvSequenceHead:
		return avcConfig(b[5:])
	case flvNALUs:
		if len(b) == 5 {
			return nil, nil
		}
		var au h264.AVCC
		if err := au.Unmarshal(b[5:]); err != nil {
			return nil, fmt.Errorf("read FLV: %w", err)
		}
		return au, nil
	}
	return nil, nil // end of sequence
}

// avcConfig gives the parameter sets of an AVCDecoderConfigurationRecord.
func avcConfig(b []byte) (sets [][]byte, err error) {
	if len(b) < 6 {
		return nil, errFLV
	}
	count, b := int(b[5]&0x1f), b[6:]
	for pass := range 2 {
		if pass == 1 {
			if len(b) < 1 {
				return nil, errFLV
			}
			count, b = int(b[0]), b[1:]
		}
		for range count {
			if len(b) < 2 {
				return nil, errFLV
			}
			n := int(binary.BigEndian.Uint16(b))
			if len(b) < 2+n {
				return nil, errFLV
			}
			sets, b = append(sets, b[2:2+n]), b[2+n:]
		}
	}
	return sets, nil
}
