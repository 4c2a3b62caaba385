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
// Tesseract, ZXing and PP-OCRv4 are behind [Preparer], [Engine] and [CodeReader]
// and stand in packages of their own.
//
// # Why
//
//   - Lines are found first and read one by one. Tesseract alone, on whole
//     photographs of kiosks, finds 15 of 59 residents among its first three and
//     names two wrong ones; its line reader on lines that were found, righted and
//     scaled finds 57, and names none wrong.
//   - A house number, a street's kind ("Avenue") and the number of a numbered
//     street are compared strictly: the right name at a building nearby is the
//     mistake that costs a parcel. Names and units are compared by what reading
//     takes for what.
//   - An address ends at the next street above it, and the words that mark a
//     sender are known with a letter misread: a sender who lives in the same
//     building was once taken for the recipient.
//   - Where neither a code nor the text has a number that proves itself, lines of
//     figures are read again as figures and capitals alone, in other sizes. What a
//     check digit stands behind counts, and what two looks agree on: no number is
//     better than a wrong one.
//   - Print that is out of focus has no steep edges at the size in which labels are
//     looked for. A soft photograph that names nobody is looked at once more at
//     half of it; sharp ones cost nothing more.
//   - Tilt is righted for the whole label and slope for every line, keystone is
//     not: lines are read one by one, so that its convergence is their slopes'.
//     The gain of righting it was not measured.
//   - Several frames are looked at and one is read: that costs the time of one. A
//     second is read only where the sharpest says nothing.
//   - PP-OCRv4's line reader (package paddle) is a second opinion and not the
//     first: for every line it takes twice Tesseract's time (17.2 s of the
//     processor against 8.2 s, 13 photographs) and settles no more of them. Asked
//     only for the recipient's lines that Tesseract did not settle, it lifts
//     matches from 44 to 45 of 48 on the kiosk photographs, and settles two of the
//     fifteen that stay open on 280 photographs in all, for 0.13 s of the processor
//     on each photograph that is not settled, nothing on the others, and 65 MB. It
//     may not overrule: what Tesseract settled it does not see.
//   - Its detector was timed and not taken: 0.26 s of the processor for a
//     photograph at 960 pixels, where a label's capitals are 6 pixels high, and
//     0.53 s at 1280, before any line is read, where Tesseract takes 0.65 s for
//     the whole of it. Which lines it would find more was not measured.
//   - The calibration ([TestCalibration]) draws labels with fonts, layouts, names
//     and buildings of its own. Where a score does not reach a match, it is the
//     share of such labels whose first candidate was right; see score.go.
package ocr
