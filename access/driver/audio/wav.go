package audio

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"
)

// sound is mono, 16 bits.
type sound struct {
	rate    int // samples a second
	samples []int16
}

const (
	usualRMS = 0.1                    // of full scale: -20 dBFS, what announcements are mastered to
	mostPeak = 0.89                   // -1 dBFS
	quiet    = 200                    // of 32768: below it nobody speaks
	leadIn   = 150 * time.Millisecond // amplifiers that sleep swallow the beginning
	leadOut  = 250 * time.Millisecond // between two sentences
)

func (s sound) length() time.Duration {
	return time.Duration(len(s.samples)) * time.Second / time.Duration(s.rate)
}

// parseWAV reads 16 bit mono PCM. A length that is longer than the file, as
// programs write that pipe their output, means the rest.
func parseWAV(b []byte) (sound, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return sound{}, errors.New("that is no WAV file")
	}
	s := sound{}
	for b = b[12:]; len(b) >= 8; {
		name, size := string(b[:4]), int(binary.LittleEndian.Uint32(b[4:]))
		body := b[8:min(len(b), 8+size)]
		switch name {
		case "fmt ":
			if len(body) < 16 || binary.LittleEndian.Uint16(body) != 1 || binary.LittleEndian.Uint16(body[2:]) != 1 || binary.LittleEndian.Uint16(body[14:]) != 16 {
				return sound{}, errors.New("that is no mono WAV file of 16 bits")
			}
			s.rate = int(binary.LittleEndian.Uint32(body[4:]))
		case "data":
			if s.rate <= 0 || s.rate > 1<<20 {
				return sound{}, errors.New("the WAV file has no usable rate")
			}
			s.samples = make([]int16, len(body)/2)
			for i := range s.samples {
				s.samples[i] = int16(binary.LittleEndian.Uint16(body[2*i:]))
			}
			return s, nil
		}
		b = b[min(len(b), 8+size+size%2):]
	}
	return sound{}, errors.New("the WAV file has no sound in it")
}

// wav writes s as a WAV file.
func (s sound) wav() []byte {
	data := 2 * len(s.samples)
	b := append(make([]byte, 0, 44+data), "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(36+data))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1) // PCM
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint32(b, uint32(s.rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(2*s.rate))
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(data))
	for _, v := range s.samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// trimmed begins and ends s with as much silence as every sentence has.
func (s sound) trimmed() sound {
	loud := func(v int16) bool { return v > quiet || v < -quiet }
	first := slices.IndexFunc(s.samples, loud)
	if first < 0 {
		return s
	}
	last := len(s.samples) - 1
	for !loud(s.samples[last]) {
		last--
	}
	pause := func(d time.Duration) []int16 { return make([]int16, int(d.Seconds()*float64(s.rate))) }
	return sound{s.rate, slices.Concat(pause(leadIn), s.samples[first:last+1], pause(leadOut))}
}

// levelled brings s to a share of the usual loudness, which is measured where
// somebody speaks, and keeps its peaks whole.
func (s sound) levelled(level float64) sound {
	var sum float64
	n, peak := 0, 0.0
	const block = 441 // 20 ms at 22050
	for at := 0; at < len(s.samples); at += block {
		part := s.samples[at:min(at+block, len(s.samples))]
		var power float64
		for _, v := range part {
			x := float64(v) / 32768
			power += x * x
			peak = max(peak, math.Abs(x))
		}
		if math.Sqrt(power/float64(len(part))) > quiet/32768.0 {
			sum += power
			n += len(part)
		}
	}
	if n == 0 {
		return s
	}
	gain := min(level*usualRMS/math.Sqrt(sum/float64(n)), mostPeak/peak)
	out := make([]int16, len(s.samples))
	for i, v := range s.samples {
		out[i] = int16(math.Round(float64(v) * gain))
	}
	return sound{s.rate, out}
}
