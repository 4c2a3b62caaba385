package room

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Gap is a time of which there is no footage.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Clip is the footage that is kept for events: a fact that vision reports when
// the file is on its disk, and what the log keeps of it. Its checksum in the
// hash chain proves the file; its gaps say what it does not show.
type Clip struct {
	ID     string    `json:"id"`
	Camera string    `json:"camera"`
	Events []string  `json:"events"` // IDs
	From   time.Time `json:"from"`   // asked for
	To     time.Time `json:"to"`
	Start  time.Time `json:"start,omitzero"` // first picture, at or before From where there is one
	End    time.Time `json:"end,omitzero"`
	Gaps   []Gap     `json:"gaps,omitempty"`   // within From and To
	SHA256 string    `json:"sha256,omitempty"` // of the MP4; empty = there was no footage: all is a gap
	Bytes  int64     `json:"bytes,omitempty"`
	Until  time.Time `json:"until"` // kept until then
}

// StorageHealth is vision's word on the disk that footage is kept on.
type StorageHealth struct {
	OK      bool      `json:"ok"`
	Problem string    `json:"problem,omitempty"` // low: footage is kept for less long than wanted; full: it is being lost
	Detail  string    `json:"detail,omitempty"`  // for people
	At      time.Time `json:"at"`
}

// Footage names a stretch of one camera's pictures. It is the Data of
// EvClipViewed, and of EvClipExported with the file's checksum.
type Footage struct {
	Camera string    `json:"camera"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Plain  bool      `json:"plain,omitempty"` // as recorded, faces included
	Start  time.Time `json:"start,omitzero"`
	End    time.Time `json:"end,omitzero"`
	Gaps   []Gap     `json:"gaps,omitempty"`
	SHA256 string    `json:"sha256,omitempty"`
	Bytes  int64     `json:"bytes,omitempty"`
}

// Hold keeps a stretch of footage from being removed, whatever its age and
// however full the disk, until a person lifts it. It is the Data of EvClipHeld
// and EvClipReleased.
type Hold struct {
	ID     string    `json:"id"`
	Camera string    `json:"camera"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"` // as a person wrote it
	By     string    `json:"by,omitempty"`
	Placed time.Time `json:"placed,omitzero"`
}

// FootageMost is the longest stretch that is viewed, exported or held at once.
const FootageMost = 30 * time.Minute

// The commands about footage. Each becomes a row of the log and nothing else:
// the footage itself is vision's.
type (
	// ViewFootage says that somebody looks at footage with its faces.
	ViewFootage struct{ Footage }
	// ExportFootage says that somebody takes footage away.
	ExportFootage struct{ Footage }
	// HoldFootage places a hold.
	HoldFootage struct{ Hold }
	// ReleaseFootage lifts one; Reason says why.
	ReleaseFootage struct{ Hold }
)

// Name implements Command.
func (ViewFootage) Name() string { return "footage.view" }

// Name implements Command.
func (ExportFootage) Name() string { return "footage.export" }

// Name implements Command.
func (HoldFootage) Name() string { return "footage.hold" }

// Name implements Command.
func (ReleaseFootage) Name() string { return "footage.release" }

func (Clip) isInput()          {}
func (StorageHealth) isInput() {}

// validStretch reports what is wrong with a stretch of footage.
func validStretch(camera string, from, to time.Time) error {
	if camera == "" || !from.Before(to) || to.Sub(from) > FootageMost {
		return fmt.Errorf("footage: %w", Refuse(ErrInvalid, "footage_span", "name a camera and up to {minutes} minutes, beginning before their end",
			"minutes", fmt.Sprint(int(FootageMost.Minutes()))))
	}
	return nil
}

// footageEvent is the row of the log that a command about footage becomes.
func footageEvent(c Command, by string) (e Event, data any, err error) {
	switch c := c.(type) {
	case ViewFootage:
		return Event{Kind: EvClipViewed, Camera: c.Camera, By: by}, c.Footage, validStretch(c.Camera, c.From, c.To)
	case ExportFootage:
		if c.SHA256 == "" {
			return e, nil, fmt.Errorf("export footage: %w: without its checksum the log proves nothing", ErrInvalid)
		}
		return Event{Kind: EvClipExported, Camera: c.Camera, By: by}, c.Footage, validStretch(c.Camera, c.From, c.To)
	case HoldFootage:
		return heldEvent(EvClipHeld, c.Hold, by)
	case ReleaseFootage:
		return heldEvent(EvClipReleased, c.Hold, by)
	}
	return e, nil, fmt.Errorf("command %s: %w: it is not about footage", c.Name(), ErrInvalid)
}

func heldEvent(kind EventKind, h Hold, by string) (Event, any, error) {
	if strings.TrimSpace(h.Reason) == "" {
		return Event{}, nil, fmt.Errorf("hold footage: %w", noReason())
	}
	h.By = by
	return Event{Kind: kind, Camera: h.Camera, By: by}, h, validStretch(h.Camera, h.From, h.To)
}

// clip notes footage that was saved for events. A file that could not be made
// has no checksum: then its gaps are the news.
func (d *decision) clip(c Clip) {
	reason := ""
	if c.SHA256 == "" {
		reason = "no_footage"
	} else if len(c.Gaps) > 0 {
		reason = "gaps"
	}
	d.o.Commit.Clips = append(d.o.Commit.Clips, c)
	d.event(Event{Kind: EvClipSaved, Camera: c.Camera, Reason: reason}, c)
}

// storage opens an incident while the disk of the footage is too small, before
// anything that events need is lost.
func (d *decision) storage(h StorageHealth) {
	open := slices.ContainsFunc(sortedKeys(d.s.Incidents), func(id string) bool { return d.s.Incidents[id].Kind == IncidentFootageLow })
	switch {
	case !h.OK && !open:
		d.openIncident(Incident{Kind: IncidentFootageLow, Reason: h.Problem})
	case h.OK && open:
		d.closeIncidents("itself", "room", func(i Incident) bool { return i.Kind == IncidentFootageLow })
	}
}
