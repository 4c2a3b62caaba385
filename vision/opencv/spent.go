package opencv

import "time"

// Spent is how much of Config.Clock each stage of a Detector has used.
type Spent struct {
	Gate   time.Duration // whether anything happens at all
	Sight  time.Duration // whether the picture can be trusted, and where the camera points; with Shrink
	Shrink time.Duration // full picture to working size
	Track  time.Duration // deciding, with all of Scene's work left out
}

// Spent is what was used since New; zero without a Config.Clock.
func (d *Detector) Spent() Spent { return d.spent }

// lap adds to a stage what the clock counts until the function it gives is called.
func (d *Detector) lap(stage *time.Duration) func() {
	if d.cfg.Clock == nil {
		return func() {}
	}
	began := d.cfg.Clock()
	return func() { *stage += d.cfg.Clock() - began }
}
