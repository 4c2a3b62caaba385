package vision

import "time"

const (
	stareSamples = 997              // pixels of a frame that are compared with the frame before
	stareSpan    = 10 * time.Second // how long a picture must repeat itself
	stareAlways  = 10 * time.Minute // after which it counts also where frames often were equal
)

// stare tells a camera that repeats one picture. A sensor's noise makes any two
// pictures differ; some coders remove all of it from a quiet scene, so that what
// counts is that a camera whose pictures differed no longer does.
type stare struct {
	last   []byte // the samples of the frame before
	from   time.Duration
	judged time.Duration
	pairs  int     // of frames, in this span
	equal  int     // of them
	usual  float64 // share of equal pairs in the long run
	known  bool
	frozen bool
	still  time.Duration // since when spans were all equal
}

// look compares a frame with the one before. It reports true about once a second.
func (s *stare) look(f Frame) (second bool) {
	n := len(f.Pix) / 3
	step := max(1, n/stareSamples)
	same := len(s.last) > 0
	now := s.last[:0]
	old := s.last
	for k, i := 0, 0; i < n; k, i = k+1, i+step {
		v := f.Pix[3*i+1]
		same = same && k < len(old) && old[k] == v
		now = append(now, v)
	}
	if len(old) == 0 {
		s.from, s.still = f.T, f.T
	} else if s.pairs++; same {
		s.equal++
	}
	s.last = now
	if f.T-s.from >= stareSpan && s.pairs >= 5 {
		s.conclude(f.T)
	}
	if second = f.T-s.judged >= time.Second || len(old) == 0; second {
		s.judged = f.T
	}
	return second
}

// conclude ends a span.
func (s *stare) conclude(t time.Duration) {
	const (
		most   = 0.75 // share of equal pairs: a keyframe coded anew differs a little
		seldom = 0.3
	)
	share := float64(s.equal) / float64(s.pairs)
	if share < most {
		s.still = t
	}
	s.frozen = share >= most && (s.known && s.usual < seldom || t-s.still > stareAlways)
	if !s.frozen {
		if !s.known {
			s.usual, s.known = share, true
		}
		s.usual += 0.1 * (share - s.usual)
	}
	s.from, s.pairs, s.equal = t, 0, 0
}

// blockyFrom is the blockiness from which lost detail is the coder's doing.
const blockyFrom = 1.3

// blockiness compares the steps between columns of coder blocks (8 wide) with
// those beside them: 1 where nothing shows of the blocks.
func blockiness(f Frame) float64 {
	const every = 7 // rows
	edge, beside := 1.0, 1.0
	step := func(row []byte, x int) float64 {
		d := int(row[3*x+1]) - int(row[3*x-2])
		if d < 0 {
			d = -d
		}
		return float64(min(d, 16)) // things' own edges count little
	}
	for y := 0; y < f.Height; y += every {
		row := f.Pix[y*f.Width*3 : (y+1)*f.Width*3]
		for x := 8; x+1 < f.Width; x += 8 {
			edge += step(row, x)
			beside += (step(row, x-1) + step(row, x+1)) / 2
		}
	}
	return edge / beside
}
