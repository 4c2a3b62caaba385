// Package room is the domain of packroom: what a package room is, what may
// happen in it, and what follows from each happening. It uses the standard
// library only.
//
// # What may be relied upon
//
//   - [Decide] is pure: the same [State], time and [Input] give the same
//     [Outcome]. It performs no I/O and reads no clock.
//   - [Service] carries outcomes out. State, event rows and messages are
//     committed in one transaction through [Store] before any door, light,
//     laser or voice acts; nothing acts on an outcome that was not committed.
//   - An unlock is never replayed: it follows its own commit within seconds or
//     not at all. Lights and laser are set from state, so setting them again is
//     harmless.
//   - Every [Input] that comes over the bus carries an ID; a second arrival of
//     the same ID changes nothing.
//
// # Words
//
// A package is a [Parcel] ("package" is a Go keyword); on screens it is a
// "package". A [Parcel] is a record; an [Item] is a thing that cameras see on a
// [Slot]. Joining the two is what this package is for: see [Associate]. A
// [Visit] runs from a grant to the door closing behind the last person. A
// [Change] is what vision saw. A [Reading] is what OCR read from a label. An
// [Incident] is a broken rule with its evidence.
//
// # Why
//
//   - Commands reach the room service over HTTP on the box (see [Client]), not
//     over NATS, so that a PIN opens the door while NATS is away. Facts from
//     cameras come over JetStream, so that none is lost while the room service
//     restarts.
//   - Pictures are files named by their SHA-256 (see [PictureDir]), not rows and
//     not messages: the event log's hash chain covers the name and with it the
//     picture, and the bus carries references only.
//   - Messages to residents are queued in the transaction of the event that
//     causes them ([Message]); their PIN lies sealed in that row until it was
//     sent, and only its keyed hash lies in the credential.
//   - The guide is no state of its own: what lights and laser show follows from
//     where the parcels of open visits are ([State.Guide]), so that it moves with
//     a parcel, ends when it is taken, and is right after a restart.
//   - A laser head and a camera that look at one flat shelf front are two pictures
//     of one plane, so that a homography maps one onto the other ([FitLaser]).
//     Nobody needs to measure where either stands.
//   - One process owns a room at a time ([Store.Own]); the second waits.
package room
