package room

import "time"

// ParcelState is where a parcel is in its life.
type ParcelState string

// The states of a parcel.
const (
	ParcelRegistered   ParcelState = "registered"   // label confirmed, not seen on a slot yet
	ParcelStored       ParcelState = "stored"       // on a slot
	ParcelUnidentified ParcelState = "unidentified" // on a slot, whose is not known (see Candidates)
	ParcelCollected    ParcelState = "collected"
	ParcelMissing      ParcelState = "missing"  // gone with no authorised visit
	ParcelHeld         ParcelState = "held"     // kept back by staff
	ParcelReturned     ParcelState = "returned" // given back to the carrier
	ParcelExpired      ParcelState = "expired"
	ParcelMerged       ParcelState = "merged"  // an unidentified record that proved to be MergedInto
	ParcelDropped      ParcelState = "dropped" // a label scanned by mistake, or never placed in its visit
)

// Ended reports whether no more can happen to a parcel by itself.
func (s ParcelState) Ended() bool {
	switch s {
	case ParcelCollected, ParcelReturned, ParcelExpired, ParcelMerged, ParcelDropped:
		return true
	}
	return false
}

// Parcel is one package's record.
type Parcel struct {
	ID         string      `json:"id"`
	State      ParcelState `json:"state"`
	Resident   string      `json:"resident,omitempty"`  // Resident.ID; empty while unknown
	Name       string      `json:"name,omitempty"`      // the resident's, for people
	Recipient  *Resident   `json:"recipient,omitempty"` // as known when it was registered: whom to tell, in which language
	Unit       string      `json:"unit,omitempty"`
	Carrier    string      `json:"carrier,omitempty"`
	Tracking   string      `json:"tracking,omitempty"`
	Courier    string      `json:"courier,omitempty"`
	Visit      string      `json:"visit,omitempty"` // the visit that brought it
	Slot       string      `json:"slot,omitempty"`  // where it is now
	Suggested  string      `json:"suggested,omitempty"`
	ItemKey    string      `json:"item_key,omitempty"`
	LabelPhoto string      `json:"label_photo,omitempty"` // picture references
	Photo      string      `json:"photo,omitempty"`       // on the shelf
	Size       string      `json:"size,omitempty"`        // small, medium, large, oversize: as the courier chose, or empty
	Reading    *Reading    `json:"reading,omitempty"`     // what OCR said, kept beside what was chosen
	Candidates []string    `json:"candidates,omitempty"`  // unidentified: IDs of the registered parcels it may be
	MergedInto string      `json:"merged_into,omitempty"`
	Confidence float64     `json:"confidence"` // of the join between label and item, 0..1
	Note       string      `json:"note,omitempty"`
	Registered time.Time   `json:"registered,omitzero"`
	Stored     time.Time   `json:"stored,omitzero"`
	Ended      time.Time   `json:"ended,omitzero"`
	Appearance []float32   `json:"appearance,omitempty"` // of the parcel before the kiosk's camera
}
