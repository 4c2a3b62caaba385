// Package webrtc carries coded pictures to browsers and other WHEP players. It
// is the only package that knows the WebRTC library, pion: a later major version
// of it is a change of this package alone. It knows nothing of cameras.
//
// # What may be relied upon
//
//   - A [Server] has one UDP port for all viewers, and the TCP port of the same
//     number for those that UDP does not reach.
//   - A [Peer] sends exactly the sequence numbers, times and payloads that it is
//     given. What is to be sent again is its caller's to remember, so that one
//     memory serves all viewers of a camera.
//   - Packets that are written between two flushes of a peer leave in as few
//     system calls as the kernel can do it in (UDP segmentation offload), and one
//     by one where it can't.
//   - [Play] is the other side: a viewer for tests and measurements.
//
// # Why
//
//   - ICE lite: viewers find us, we find nobody, and the first picture waits for
//     no round trip of ours. Where STUN or TURN servers are set, the full ICE is
//     spoken, since then we are not reachable by our own addresses.
//   - AES-128-GCM is preferred: with the processor's help it costs half of what
//     AES-CTR with HMAC-SHA1 does, and 128 bits are what browsers ask for first.
package webrtc
