package bus

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/packroom/packroom/room"
)

// at is the time in every example.
var at = time.Date(2026, 3, 14, 17, 5, 9, 123456000, time.UTC)

const (
	exampleID      = "01kkq8x3m9v5t2r7c4n6b8d0fa"
	exampleVisit   = "01kkq8wz00000000000000visit"
	exampleParcel  = "01kkq8x00000000000000parcel"
	exampleOther   = "01kkq8wzzz0000000000000loose"
	examplePicture = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
)

// example is a message of one route, as the bus sends it.
func example(t *testing.T, r Route) any {
	t.Helper()
	switch r.Payload {
	case reflect.TypeFor[room.Event]():
		e := room.Event{Seq: 42, ID: exampleID, Kind: r.Kind, Time: at, Property: "demo", Room: "main",
			Visit: exampleVisit, Parcel: exampleParcel, Resident: "r-1002", Courier: "c-7", Carrier: "UPS",
			Slot: "A1", Camera: "cam1", Pictures: []string{examplePicture}, Reason: "example", By: "kiosk:K1"}
		if r.Data != nil {
			e.Data = marshal(t, exampleOf(t, r.Data))
		}
		e.Hash = room.ChainHash(nil, e)
		return e
	case reflect.TypeFor[DeadLetter]():
		return DeadLetter{ID: "dead." + exampleID, Kind: r.Kind, Time: at, Property: "demo", Room: "main",
			Data: DeadLetterCause{Subject: "packroom.demo.main.change.seen", MessageID: exampleID, Deliveries: 1,
				Error: "change: conflict: old fence", Original: []byte(`{"id":"` + exampleID + `"}`)}}
	case reflect.TypeFor[room.ReadRequest]():
		return room.ReadRequest{Property: "demo", Picture: examplePicture, Frames: []string{examplePicture}}
	}
	return Fact{ID: exampleID, Kind: r.Kind, Time: at, Property: "demo", Room: "main", Data: marshal(t, exampleOf(t, r.Payload))}
}

// exampleOf is the example of a type that has every field filled.
func exampleOf(t *testing.T, typ reflect.Type) any {
	t.Helper()
	for _, v := range examples() {
		if reflect.TypeOf(v) == typ {
			for _, path := range unfilled(reflect.ValueOf(v), typ.Name()) {
				t.Errorf("%s has no example: a change of it would go unnoticed", path)
			}
			return v
		}
	}
	t.Fatalf("no example of a %s", typ)
	return nil
}

// unfilled are the fields below v that are sent and have no value.
func unfilled(v reflect.Value, path string) (all []string) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil():
		return unfilled(v.Elem(), path)
	case v.Kind() == reflect.Slice && v.Len() > 0:
		return unfilled(v.Index(0), path)
	case v.Type() == reflect.TypeFor[time.Time](), v.Kind() != reflect.Struct:
		if v.IsZero() {
			all = append(all, path)
		}
		return all
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Tag.Get("json") != "-" {
			all = append(all, unfilled(v.Field(i), path+"."+f.Name)...)
		}
	}
	return all
}

func marshal(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// examples has one value of each type that travels as "data".
func examples() []any {
	change := room.Change{ID: exampleID, Kind: room.ChangeMoved, Camera: "cam1", Item: "i3", Slot: "A2", FromSlot: "A1",
		BBox: room.Rect{310, 120, 80, 60}, FromBBox: &room.Rect{110, 120, 80, 60}, Confidence: 0.97, At: at, Seen: at.Add(900 * time.Millisecond),
		Before: examplePicture, After: examplePicture, Crop: examplePicture, Appearance: []float32{0.6, 0.8}, Fence: 164926744166400012}
	card := room.Credential{ID: exampleOther, Kind: room.CredentialCourier, Form: room.FormCard, Holder: "c-7", ValidFrom: at,
		ValidTo: at.AddDate(1, 0, 0), Revoked: at.Add(time.Hour), Used: at.Add(time.Minute), Created: at,
		Hours: []room.Hours{{Days: []string{"mon", "tue"}, From: "07:00", To: "19:00"}}, Label: "Tuesday driver"}
	return []any{
		change,
		room.Presence{Camera: "cam1", People: true, Slots: []string{"A1", "A2"}, Fullness: map[string]float64{"A1": 0.4}, At: at, EmptySince: at},
		room.CameraHealth{Camera: "cam1", OK: true, Problem: "lost", Detail: "connection refused; trying again", At: at},
		room.Visit{ID: exampleVisit, Kind: room.VisitCourier, Phase: room.VisitEnded, Kiosk: "K1", Holder: "c-7", Name: "Ana Brown", Unit: "12B",
			Carrier: "UPS", Language: "en", Credential: exampleOther, Started: at, Identified: at, Unlocked: at.Add(time.Minute),
			Entered: at.Add(61 * time.Second), Leaving: at.Add(3 * time.Minute), Ended: at.Add(185 * time.Second), EndReason: "left",
			Touched: at.Add(3 * time.Minute), Scanned: []string{exampleParcel}, Placed: []string{exampleParcel}, Collected: []string{exampleParcel},
			InHand: []room.HandItem{{Parcel: exampleParcel, ItemKey: "cam1/i3", FromSlot: "A1", State: room.ParcelStored,
				Appearance: []float32{0.6, 0.8}, At: at}}, Warned: []string{"prompt.wrong_parcel"}, Barred: true,
			Light: room.SignalHere2, Led: []string{exampleParcel}},
		room.DeniedData{Kiosk: "K1", Form: room.FormPIN, RetryAfterMS: 90_000},
		room.Grant{ID: exampleID, Visit: exampleVisit, Door: "main", Fence: 17, Issued: at, Expires: at.Add(room.GrantTTL)},
		room.RefusedUnlockData{Grant: exampleID, Detail: "unlock: unavailable: connection refused"},
		room.PicturedData{Decision: exampleID, Kind: room.EvAccessDenied},
		room.DoorEvent{ID: exampleID, Door: "main", Kind: room.DoorFaulty, Detail: "the contact does not answer", At: at},
		room.RegisteredData{Tracking: "1Z999AA10123456784", Size: "medium", Suggested: "A1", Decision: room.DecisionConfirm,
			ReadRecipient: "MARIA LOPEZ", ReadUnit: "12B", ReadResident: "r-1002", ReadScore: 0.91},
		room.StoredData{Change: &change, ByHand: true, Was: exampleOther},
		room.IdentifiedData{Was: exampleOther, Confidence: 0.9, Reason: "chosen at the kiosk"},
		room.ResolvedData{Reason: "resident is away until May"},
		room.Incident{ID: exampleID, Kind: room.IncidentWrongParcel, Visit: exampleVisit, Parcel: exampleParcel, Slot: "A1", Camera: "cam1", Kiosk: "K1",
			Carrier: "UPS", Pictures: []string{examplePicture}, Opened: at, Resolved: at.Add(time.Minute), By: "itself", Reason: "put back"},
		room.Prompt{Visit: exampleVisit, Key: "prompt.wrong_parcel", Language: "es", Values: map[string]string{"slot": "A1"}, Urgent: true, At: at},
		[]room.Credential{card},
		card,
		room.RosterData{Residents: 212, NowPast: 3},
		room.ResidentData{Status: room.ResidentNotice, Unit: "12B"},
		room.CourierData{Active: true},
		room.LaserData{ResidualPX: 0.72, MM: 2.9, Used: 19, Outliers: 1},
		room.StorageHealth{OK: true, Problem: "low", Detail: "footage is kept for 9 h of the 72 h that are wanted", At: at},
		room.Clip{ID: exampleID, Camera: "cam1", Events: []string{exampleOther}, From: at, To: at.Add(15 * time.Second),
			Start: at.Add(-time.Second), End: at.Add(15 * time.Second), Gaps: []room.Gap{{From: at.Add(3 * time.Second), To: at.Add(5 * time.Second)}},
			SHA256: examplePicture, Bytes: 1_830_112, Until: at.AddDate(0, 1, 0)},
		room.Footage{Camera: "cam1", From: at, To: at.Add(time.Minute), Plain: true, Start: at.Add(-time.Second), End: at.Add(time.Minute),
			Gaps: []room.Gap{{From: at.Add(3 * time.Second), To: at.Add(5 * time.Second)}}, SHA256: examplePicture, Bytes: 6_830_112},
		room.Hold{ID: exampleOther, Camera: "cam1", From: at, To: at.Add(time.Minute), Reason: "the police asked for it", By: "ann@example.com", Placed: at},
		room.Reading{File: "label.jpg", Picture: examplePicture, Carrier: "UPS", Tracking: "1Z999AA10123456784", Recipient: "MARIA LOPEZ", Unit: "12B",
			Barcodes:   []room.Barcode{{Format: "Code128", Text: "1Z999AA10123456784"}},
			Lines:      []room.TextLine{{Text: "MARIA LOPEZ", Confidence: 0.96, BBox: room.Rect{310, 120, 240, 30}}},
			Candidates: []room.Candidate{{ResidentID: "r-1002", Name: "Maria Lopez", Unit: "12B", Score: 0.91}},
			Decision:   room.DecisionConfirm, Reason: "ambiguous", Frame: 1, Appearance: []float32{0.6, 0.8},
			MS: map[string]float64{"text": 412}, Error: "none"},
	}
}
