// Package access decides who is let in: it makes credentials (PIN, QR, card),
// recognises them at a kiosk, and slows guessing down. [Gate] is the room's
// authority. It opens nothing itself: a door opens by a committed grant, which
// is the business of package room.
//
// # What may be relied upon
//
//   - Clear text is known only while it is made or shown. What is kept is an
//     HMAC-SHA-256 under the box's pepper, over the form and the normalized
//     secret, so that a stolen database opens no door by itself.
//   - A PIN belongs to one credential at a time, across residents, couriers and
//     staff; none is shared, none is weak (see [WeakPIN]).
//   - Where the building wants it so, a pickup's PIN is a unit and six digits: the
//     hash is over both, however the unit was written, so that the digits alone
//     are nobody's. What was sent in the other form opens all the same.
//   - A pass lets one visit in: it is used up in the transaction of its grant
//     ([room.Identity].Once). What a pickup has used up opens again for 15 minutes
//     after its visit.
//   - A signed code of an edge ([Sign]) opens one room once between two times,
//     whether or not this box knew of it before.
//   - After five wrong tries in a row a kiosk waits 30 s, and twice as long
//     after each further one, up to 15 min. The count lies in the [Store]: it
//     outlives a restart, and a clock that is set back only starts the wait
//     again. A try during the wait is not looked at and not counted.
//   - Where the Store does not answer, nobody is let in and the error is
//     room.ErrUnavailable, never a denial: the person did nothing wrong.
//
// # Why
//
//   - A PIN alone identifies its holder, so that tries cannot be counted by
//     credential; they are counted by kiosk and by building. The building's
//     count is lowered by right PINs, one for one, and never reset by them:
//     somebody with a PIN of their own cannot guess on by typing it in between.
//   - Only an unknown secret counts as a wrong try. An expired or used code is
//     one that was handed out here; its holder is told why and may try again.
//   - Answers are held back to a multiple of [Config.Step], so that the time of
//     an answer does not tell what was found.
package access
