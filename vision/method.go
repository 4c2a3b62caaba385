package vision

// How a change is found: one picture's way from the camera to a Change.
//
// Two pictures are kept of what a camera sees: what is still now, and what was
// committed, that is, what the shelves looked like when all of it was known.
// There is no background that adapts by itself: a parcel that stands for a year
// is as much a parcel as on the first day, and one that was taken is missed at once.
//
//  1. Gate (gate.go). The means of small cells of the full picture are compared
//     with those of a moment ago, each by its own noise; a block of them must
//     change. While nothing does, one picture a second goes on, and the rest costs
//     half a millisecond.
//  2. Working size (package opencv, plane.go). 320 pixels wide, apart in luma and
//     in two colours that a change of brightness keeps.
//     Before anything else is asked of it the picture passes the sight (sight.go,
//     anchor.go, stare.go): small pieces of it, each with a corner, are remembered
//     from when it was well, and sought in it. Where most are found beside their
//     place the camera was pushed: up to Config.MostShift that is taken off the
//     frame, beyond it the camera is "moved". Where they are gone it is dark,
//     covered or turned away, and where their fine structure is gone, out of focus
//     or, with the coder's blocks showing, smeared. A picture that no longer
//     differs from the one before is frozen. What looks like that for two seconds
//     is said; from the first such picture on nothing is decided, and once it is
//     over the committed picture is given the present light (resume.go) and
//     everything is judged anew.
//  3. Motion (motion.go). A place moves when it differs from 0.2 s ago by more
//     than the noise, which is measured all the time, and its structure differs:
//     the correlation of its 5 x 5 window is lost (structure.go). A lamp changes
//     brightness and keeps correlation. Where most places with structure change at
//     once, in most parts of the picture, it is a lamp or a bump and not people.
//     Light strips in view are learned by their flashing above the noise (lamp.go):
//     what they may do to a place is neither motion nor change nor evidence.
//  4. Still and committed (settle.go). The still picture averages noise away where
//     nothing moves. Untouched places of the committed picture follow it within a
//     second: light needs no hand. Places that people cover are "touched"; they
//     are kept as they were until they have been judged, and only the light's
//     change around them is carried into them.
//  5. People (people.go). What differs from the committed picture, or moves,
//     connected, and has moved a moment ago, is a person when it came from the
//     edge of the picture, goes on from one who did, or has walked a distance. A
//     patch of sun never touches anything. What differs a little in colour between
//     places of a person belongs to them: a bottle's middle is nearly the wall's.
//  6. Judging (judge.go). What differs, was touched, is no longer part of people,
//     has been still for Config.Settle and has no people within Config.Quiet is
//     judged. What spans slots, or stopped without anybody going on from it, is
//     somebody who stands still: held as a person. An arm that reached in from a
//     side of the picture and is no longer there has let go. What went away by
//     itself, with nobody come to it, was somebody who was there from the first
//     picture. What looks like the committed
//     picture, or as before the light last changed there, is no change: a parcel
//     put back, a strip that went out. The rest is cut to solid cores: shadows
//     and strips fall off.
//     Comparing is done in the tiles where something may differ (compare.go). What
//     a place looked like before its light changed is kept once the new light has
//     come to rest, and when that was. A core that is a crumb of a large change
//     waits until nobody is there. One that reaches over slots, and came to one and
//     went from another, is parted between them.
//  7. Evidence (evidence.go). Edges along the outline and the contrast across it,
//     after against before: a thing that came has brought its outline, one that
//     went took it along. Slopes inside that are kept, and overexposure, say that
//     only the light is another.
//     Where the light has changed beside the outline, in places that nobody covered,
//     it is likely to have changed inside too: the more of the outline is lit, the
//     more evidence a thing must have.
//     A known item that is found again a little beside its place was pushed
//     (pushed.go), and all that differs around it with it.
//  8. Decision (decide.go). Where evidence is balanced, a push is looked for first
//     (shift.go). Clear evidence places or removes; a part that comes into view
//     above or below a thing just put down belongs to it. Then a known item that was
//     exchanged is looked for; what stays open waits until people have gone, or until the
//     light is about to change, and is then reported with low confidence.
//     What is weighed as light is no change: it becomes part of the committed
//     picture, and nothing is reported. An installer hears of it as "light, no
//     thing" (explain.go).
//  9. Ledger (ledger.go). Items with identity, box, appearance (appearance.go) and
//     layers. An item removed and put down elsewhere in the same visit keeps its
//     identity: the removal is reported at once, because a wrong parcel must be
//     said at once, and the placement then carries the same item and where it
//     came from. Both at once are one move.
//     When the room is empty again the visit's last quiet picture is held against
//     its first one (reconcile.go), in the present light: what differs clearly where
//     people were, and no change explains, is reported with low confidence.
// 10. Slots (slots.go, scene.go). The slot that most of the item is over, or else
//     the one its lower part rests in; fullness; slots with somebody in front.
