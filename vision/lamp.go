package vision

// lamps knows the places that blink or breathe: a light strip below a slot, a
// status lamp. What moves there says nothing about people, and a place next to
// it need not wait for it to be quiet. A lamp is learned by what it does: it
// moves again and again, and never from where it is.
type lamps struct {
	w, h   int
	count  []uint8   // by place: how often it moved and was nobody
	at     []float32 // by place: when it last did, seconds
	sign   []int8    // by place: whether it became brighter or darker then
	flips  []uint8   // by place: how often that went back and forth
	marked Mask      // places of lamps
	mask   Mask      // the same with the rim that the comparison's window adds
}

const (
	// lampSure is how many pictures must show a place moving for it to be a
	// lamp: a second at five a second, longer than it takes to know a person.
	lampSure = 5
	// lampFlips is how often a place must go back and forth between brighter and
	// darker to be a lamp although people have just been there.
	lampFlips = 3
	// lampPause is how long, in seconds, a lamp may pause while it is learned:
	// slow breathing rests at its brightest and darkest.
	lampPause = 1.5
	// lampMemory is for how long, in seconds, a lamp is known after it last
	// moved: hands hide it, and it lights up again.
	lampMemory = 300
)

func newLamps(w, h int) *lamps {
	return &lamps{w: w, h: h, count: make([]uint8, w*h), at: make([]float32, w*h), sign: make([]int8, w*h), flips: make([]uint8, w*h), marked: make(Mask, w*h), mask: make(Mask, w*h)}
}

// learn takes the places that move now, but for those of known lamps, and
// whether they became brighter. people are the places of people; thin are those
// of a motion that is too thin to be a hand's.
func (l *lamps) learn(moving Mask, sign []int8, people, thin, tmp Mask, now float64) {
	changed := false
	for i, m := range moving {
		age := float32(now) - l.at[i]
		switch {
		case l.marked[i] != 0 && age > lampMemory:
			l.marked[i], changed = 0, true
			fallthrough
		case m == 0 || l.marked[i] != 0:
			continue
		case age > lampPause || people[i] != 0 && thin[i] == 0: // it was still, or it is somebody
			l.count[i], l.flips[i] = 0, 0
		}
		if people[i] != 0 && thin[i] == 0 {
			continue
		}
		if sign[i] != l.sign[i] && l.count[i] > 0 {
			l.flips[i]++
		}
		l.at[i], l.sign[i] = float32(now), sign[i]
		l.count[i]++
		if l.flips[i] >= lampFlips || people[i] == 0 && l.count[i] >= lampSure {
			l.marked[i], l.count[i], l.flips[i], changed = 1, 0, 0, true
		}
	}
	if changed {
		dilate(l.mask, l.marked, tmp, l.w, l.h, structureRadius)
	}
}
