package vision

import "time"

// streamClock turns a camera's own times into stream time: as even as the
// camera's, never ahead of their arrival, rising strictly.
//
// A picture can't arrive before it was taken, so the smallest difference
// between arrival and the camera's time is the best guess of their offset; it
// is let go by 2 ms a second, so that a camera whose clock is slow is followed.
type streamClock struct {
	set    bool
	offset time.Duration // arrival minus camera time, at its smallest
	last   time.Duration // last answer
	ever   bool
	seen   time.Duration // arrival of the last one
}

// A camera whose time is this far off jumped.
const clockJump = time.Second

// at gives the stream time of a picture that the camera dates pts and that
// arrived at arrival.
func (c *streamClock) at(pts, arrival time.Duration) time.Duration {
	d := arrival - pts
	if c.set {
		c.offset += max(0, arrival-c.seen) / 500
	}
	if !c.set || d < c.offset || d-c.offset > clockJump {
		c.set, c.offset = true, d
	}
	c.seen = arrival
	t := pts + c.offset
	if c.ever && t <= c.last {
		t = c.last + time.Millisecond
	}
	c.last, c.ever = t, true
	return t
}

// cut forgets the offset: a new connection counts anew.
func (c *streamClock) cut() { c.set = false }

// rateMeter measures frames a second over the last 32 pictures.
type rateMeter struct {
	times [32]time.Duration
	n     int
}

func (m *rateMeter) add(t time.Duration) {
	m.times[m.n%len(m.times)] = t
	m.n++
}

func (m *rateMeter) fps() float64 {
	k := min(m.n, len(m.times))
	if k < 2 {
		return 0
	}
	newest, oldest := m.times[(m.n-1)%len(m.times)], m.times[(m.n-k)%len(m.times)]
	if newest <= oldest {
		return 0
	}
	return float64(k-1) / (newest - oldest).Seconds()
}
