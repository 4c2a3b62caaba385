// Package ocr turns a label photograph into carrier, tracking number, recipient
// and unit, and those into one resident, an honest shortlist, or nobody.
//
// # What may be relied upon
//
//   - [Reader.Read] answers every picture: one that is none, is too large or too
//     dark gives a reading with a reason, or an error that says what to do.
//   - A [room.DecisionMatch] is given only where name and place on the label speak
//     for one resident alone, and the address is the building's own; all else is
//     left to a person.
//   - [Parse], [ParseTrack] and [Roster.Match] are pure and fuzzed.
//
// Codes are read before text, since a code that is read is right. OpenCV,
// Tesseract and ZXing are behind [Engine] and stand in packages of their own.
package ocr
