package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// shelves is what a room that is started again finds as it was: parcels at rest
// stay where they are, whoever turned the simulation off. People and what they
// carry are gone.
type shelves struct {
	Seed    uint64       `json:"seed"`    // the slots of another room are elsewhere
	Cameras int          `json:"cameras"` //
	Made    int          `json:"made"`    // parcels so far
	Parcels []keptParcel `json:"parcels"` // in the order in which they came to lie
}

// keptParcel is a parcel at rest.
type keptParcel struct {
	ID     string  `json:"id"`
	Size   Size    `json:"size"`
	Seed   uint64  `json:"seed"` // of its looks
	Slot   string  `json:"slot"`
	Center Vec     `json:"center"`
	Sin    float64 `json:"sin"` // of its turn
	Cos    float64 `json:"cos"`
}

// keepShelves has what lies on the slots outlive this process, in a file; a file
// that is there is what lies on them now.
func (w *World) keepShelves(path string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shelves = path
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var was shelves
	if err == nil {
		err = json.Unmarshal(b, &was)
	}
	if err != nil {
		return fmt.Errorf("what lay on the shelves: %s: %w; without the file they are empty", path, err)
	}
	if was.Seed != w.cfg.Seed || was.Cameras != w.cfg.Cameras {
		return nil
	}
	w.parcels = was.Made
	for _, k := range was.Parcels {
		slot := w.layout.byID[k.Slot]
		if _, ok := sizeMetres[k.Size]; slot == nil || !ok {
			return fmt.Errorf("what lay on the shelves: %s: parcel %s of size %q on slot %q cannot be; without the file they are empty", path, k.ID, k.Size, k.Slot)
		}
		p := newParcel(k.ID, k.Size, k.Seed)
		p.box.center, p.box.sin, p.box.cos = k.Center, k.Sin, k.Cos
		w.rests = append(w.rests, &rest{parcel: p, slot: slot, box: *p.box})
	}
	return nil
}

// saveShelves writes down what lies on the slots, where it is kept. The lock is
// held: nobody knows of a change before it is written.
func (w *World) saveShelves() {
	if w.shelves == "" {
		return
	}
	now := shelves{Seed: w.cfg.Seed, Cameras: w.cfg.Cameras, Made: w.parcels}
	for _, r := range w.rests {
		now.Parcels = append(now.Parcels, keptParcel{ID: r.parcel.ID, Size: r.parcel.Size, Seed: r.parcel.seed, Slot: r.slot.id,
			Center: r.box.center, Sin: r.box.sin, Cos: r.box.cos})
	}
	b, err := json.Marshal(now)
	if err == nil {
		err = os.WriteFile(w.shelves+".new", b, 0o644)
	}
	if err == nil {
		err = os.Rename(w.shelves+".new", w.shelves)
	}
	if err != nil {
		w.log.Error("what lies on the shelves will be forgotten", "error", err)
	}
}
