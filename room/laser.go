package room

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// tangent is where a head's beam crosses the plane one unit before it, where
// ahead is the pan that looks straight at that plane. A flat shelf seen by a
// camera and pointed at by a head are two pictures of one plane in these
// coordinates, so that a homography maps one onto the other.
func (a Aim) tangent(ahead float64) Point {
	pan, tilt := (a.PanDeg-ahead)*math.Pi/180, a.TiltDeg*math.Pi/180
	return Point{math.Tan(pan), math.Tan(tilt) / math.Cos(pan)}
}

// aimOf is the way back from tangent.
func aimOf(p Point, ahead float64) Aim {
	pan := math.Atan(p[0])
	return Aim{PanDeg: ahead + pan*180/math.Pi, TiltDeg: math.Atan(p[1]*math.Cos(pan)) * 180 / math.Pi}
}

// Numbers of a calibration.
const (
	LaserPoints    = 12  // fewest points that are measured; 20 are better
	laserInlierPX  = 4.0 // a point further off than that was measured wrongly
	laserTries     = 500 // of RANSAC: enough for every second point to be wrong
	LaserLimitMM   = 30  // a dot further off than that is on the next parcel: the laser stays dark
	laserFitFactor = 2   // residual, in pixels, above which a calibration is refused
)

// LaserPoint is one measurement: the head points somewhere, and the camera sees
// the dot.
type LaserPoint struct {
	Aim Aim   `json:"aim"`
	At  Point `json:"at"` // in pixels of the slots file's size
}

// LaserFit maps a camera's picture of a flat shelf front to a head's angles.
type LaserFit struct {
	ResidualPX float64 `json:"residual_px"` // root mean square over the points used
	WorstPX    float64 `json:"worst_px"`
	Used       int     `json:"used"`
	Outliers   []int   `json:"outliers,omitempty"` // indexes of the points that were left out

	ahead             float64 // pan
	toPicture, toHead homography
}

// FitLaser calibrates a head against a camera. Points that do not fit the others
// are left out (RANSAC). It is ErrInvalid where the points are too few, too
// close to one line, or do not agree.
func FitLaser(points []LaserPoint) (LaserFit, error) {
	if len(points) < LaserPoints {
		return LaserFit{}, fmt.Errorf("calibrate the laser: %w: %d points, at least %d are needed, spread over the whole shelf", ErrInvalid, len(points), LaserPoints)
	}
	var ahead float64
	for _, p := range points {
		ahead += p.Aim.PanDeg / float64(len(points))
	}
	pairs := make([]pair, len(points))
	for i, p := range points {
		if math.Abs(p.Aim.PanDeg-ahead) > 80 || math.Abs(p.Aim.TiltDeg) > 80 {
			return LaserFit{}, fmt.Errorf("calibrate the laser: %w: point %d at pan %g, tilt %g cannot be on one shelf front with the others", ErrInvalid, i+1, p.Aim.PanDeg, p.Aim.TiltDeg)
		}
		pairs[i] = pair{p.Aim.tangent(ahead), p.At}
	}
	inliers := consensus(pairs)
	if len(inliers) < LaserPoints*2/3 || len(inliers)*2 <= len(points) {
		return LaserFit{}, fmt.Errorf("calibrate the laser: %w: only %d of %d points agree; measure again, and all on one flat shelf front", ErrInvalid, len(inliers), len(points))
	}
	used := make([]pair, len(inliers))
	for i, at := range inliers {
		used[i] = pairs[at]
	}
	h, err := fitHomography(used)
	if err != nil {
		return LaserFit{}, fmt.Errorf("calibrate the laser: %w: %v; spread them over the whole shelf", ErrInvalid, err)
	}
	f := LaserFit{Used: len(used), ahead: ahead, toPicture: h, toHead: h.inverse()}
	for i := range points {
		if !slices.Contains(inliers, i) {
			f.Outliers = append(f.Outliers, i)
		}
	}
	for _, p := range used {
		off := h.off(p)
		f.ResidualPX += off * off / float64(len(used))
		f.WorstPX = max(f.WorstPX, off)
	}
	f.ResidualPX = math.Sqrt(f.ResidualPX)
	if f.ResidualPX > laserFitFactor {
		return LaserFit{}, fmt.Errorf("calibrate the laser: %w: the points are off by %.1f pixels; measure again, and all on one flat shelf front", ErrInvalid, f.ResidualPX)
	}
	return f, nil
}

// off is how far a pair's image lies from where it should.
func (h homography) off(p pair) float64 {
	q, ok := h.at(p.from)
	if !ok {
		return math.Inf(1)
	}
	return math.Hypot(q[0]-p.to[0], q[1]-p.to[1])
}

// consensus is the largest set of pairs that one homography maps, by their
// indexes. The same pairs give the same answer.
func consensus(pairs []pair) []int {
	r := rand.New(rand.NewPCG(1, uint64(len(pairs))))
	var best []int
	for range laserTries {
		four := r.Perm(len(pairs))[:4]
		h, err := fitHomography([]pair{pairs[four[0]], pairs[four[1]], pairs[four[2]], pairs[four[3]]})
		if err != nil {
			continue
		}
		if in := h.inliers(pairs); len(in) > len(best) {
			best = in
			if h, err := fitHomography(pick(pairs, in)); err == nil { // with all of them it is better
				if in := h.inliers(pairs); len(in) > len(best) {
					best = in
				}
			}
		}
	}
	return best
}

func (h homography) inliers(pairs []pair) (in []int) {
	for i, p := range pairs {
		if h.off(p) <= laserInlierPX {
			in = append(in, i)
		}
	}
	return in
}

func pick(pairs []pair, which []int) []pair {
	list := make([]pair, len(which))
	for i, at := range which {
		list[i] = pairs[at]
	}
	return list
}

// AimAt gives the angles for a point in the picture.
func (f LaserFit) AimAt(p Point) (Aim, bool) {
	q, ok := f.toHead.at(p)
	return aimOf(q, f.ahead), ok
}

// DotAt is where the camera should see the dot.
func (f LaserFit) DotAt(a Aim) (Point, bool) { return f.toPicture.at(a.tangent(f.ahead)) }

// Calibrate gives slots the angles of their corners. What does not lie in the
// shelves' front keeps what it has: the floor and trays are other planes. A slot
// that the head cannot reach gets none.
func (f LaserFit) Calibrate(slots []Slot) []Slot {
	slots = slices.Clone(slots)
	for i := range slots {
		if slots[i].Kind == SlotFloor || slots[i].Kind == SlotBin {
			continue
		}
		b := slots[i].Bounds()
		var corners [4]Aim
		ok := b[2] > 0 && b[3] > 0
		for c, p := range boxCorners(b) {
			a, there := f.AimAt(p)
			corners[c] = a
			ok = ok && there
		}
		slots[i].Aim = nil
		if ok {
			slots[i].Aim = &corners
		}
	}
	return slots
}

// boxCorners are the upper left, upper right, lower right and lower left.
func boxCorners(b Rect) [4]Point {
	return [4]Point{{b[0], b[1]}, {b[0] + b[2], b[1]}, {b[0] + b[2], b[1] + b[3]}, {b[0], b[1] + b[3]}}
}
