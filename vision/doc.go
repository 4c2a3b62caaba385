// Package vision owns the cameras: it pulls their streams, shows them live,
// records them, and finds in them what happened on the shelves.
//
// # What may be relied upon
//
//   - A camera is pulled once. [Camera] fans its access units out to live view,
//     recorder and decoder through bounded queues; a reader that is slow loses
//     pictures up to the next keyframe and slows no other.
//   - Stream time ([Unit].T, [Frame].T) only rises, through reconnects, a
//     camera's wrong clock and a wall clock that is set back.
//   - A [room.Change] has the same ID however often it is sent, and leaves in the
//     order in which it was seen. It lies on disk until the bus has taken it.
//   - Live view and recording go on while the bus is away. Detection waits for
//     the camera's lease, whose revision every change carries.
//   - Every event of the log has its footage kept, or a gap that is stated: events
//     wait in the stream through restarts and full disks until their pin is on disk.
//   - While a camera cannot be trusted (moved, covered, dark, blurred, smeared,
//     frozen) it says so and no change is reported; afterwards what has changed
//     meanwhile is found, as after a restart. See [Sight].
//   - Footage that an event has pinned is not removed before footage that none has,
//     and what a hold covers not at all. A disk that is getting too small is an
//     alarm while all is still written.
//   - Footage is given out with faces covered unless plain footage is asked for.
//
// # Why
//
//   - The decoder is an ffmpeg child fed through a pipe, one a camera: a picture
//     that crashes a decoder costs a restart of the child, and OpenCV's cgo
//     stays in package opencv.
//   - Units go to it as FLV, which carries a time with each picture and has no
//     parser that waits for the next one; times come back beside the raw frames,
//     so that a picture the decoder drops shifts no other's time.
//   - A decoder dozes while nothing moves, and while nobody looks for anything: it
//     gets keyframes alone. What it missed is kept and decoded after all, so that
//     dozing loses no picture of what has moved; a change may be seen a keyframe's
//     interval later.
//   - Viewers' connections are package webrtc's, so that the WebRTC library is
//     known in one place; what is shown to whom, and again, is decided here.
//   - Heads are covered by what differs from the empty room, not by what looks like
//     a face: detectors miss faces from the side and from above, and one picture
//     is enough to know somebody. Cascades add what stands still. No face is
//     described, compared or kept.
//   - A clip is a file of its own with a checksum that the log has, and not a mark
//     in the ring: it outlives the ring, and is proof.
//   - Functions that go over pixels are marked go:norace: one goroutine judges a
//     camera's pictures, and the race detector would make its tests ten times as
//     long to find nothing.
//   - The lease guards detection and not the pull: a second machine that stands
//     by has the picture and its recording already when it takes over.
package vision
