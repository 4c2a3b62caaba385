package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"time"
)

const (
	period     = 40 * time.Millisecond // between pictures
	clipLength = 250                   // pictures: 10 s
)

// clip is what the camera shows, again and again: 1280 x 720, 25 pictures a
// second, 2.5 Mbit/s with noise as cameras have it, one slice a picture. Picture
// k of all time leaves at k x 40 ms and is number k mod 250 of the clip: who has
// a picture's bytes knows when it was sent.
type clip struct {
	path  string
	units [][][]byte
	index map[uint32]int // sum of a picture's slices -> its number
}

func makeClip(ctx context.Context, path string, gop int) (*clip, error) {
	params := fmt.Sprintf("sliced-threads=0:repeat-headers=1:keyint=%d:min-keyint=%d:scenecut=0:bframes=0:slices=1", gop, gop)
	cmd := exec.CommandContext(ctx, "ffmpeg", "-hide_banner", "-loglevel", "error", "-y",
		"-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=10,noise=alls=6:allf=t,format=yuv420p", "-frames:v", fmt.Sprint(clipLength),
		"-c:v", "libx264", "-profile:v", "baseline", "-preset", "veryfast", "-tune", "zerolatency", "-x264-params", params,
		"-b:v", "2500k", "-maxrate", "3000k", "-bufsize", "2500k", "-f", "h264", path)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make the clip: %w: %s", err, out)
	}
	return readClip(path)
}

func readClip(path string) (*clip, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &clip{path: path, index: map[uint32]int{}}
	var unit [][]byte
	for _, nal := range bytes.Split(b, []byte{0, 0, 1}) {
		if nal = bytes.TrimRight(nal, "\x00"); len(nal) == 0 {
			continue
		}
		kind := nal[0] & 0x1f
		if kind != 6 { // no remarks of the coder's
			unit = append(unit, nal)
		}
		if kind == 1 || kind == 5 { // one slice a picture
			c.index[sum(unit)] = len(c.units)
			c.units = append(c.units, unit)
			unit = nil
		}
	}
	if len(c.units) != clipLength || len(c.index) != clipLength {
		return nil, fmt.Errorf("the clip has %d pictures, %d of them different", len(c.units), len(c.index))
	}
	return c, nil
}

// sum tells pictures apart by their slices.
func sum(nals [][]byte) (s uint32) {
	for _, n := range nals {
		if k := n[0] & 0x1f; k == 1 || k == 5 {
			s = crc32.Update(s, crc32.IEEETable, n)
		}
	}
	return s
}

// sent is when the picture with these slices left the camera: the latest time
// before at.
func (c *clip) sent(nals [][]byte, at time.Time) (time.Time, bool) {
	i, ok := c.index[sum(nals)]
	if !ok {
		return time.Time{}, false
	}
	k := at.UnixNano() / int64(period)
	k -= (k - int64(i)) % clipLength
	if k*int64(period) > at.UnixNano() {
		k -= clipLength
	}
	return time.Unix(0, k*int64(period)), true
}
