// Package bus carries a room's facts and events over NATS JetStream, label
// readings over NATS micro services, and camera leases over a KV bucket. The
// table in subjects.go is the contract with every other program.
//
// # What may be relied upon
//
//   - Facts (changes, presence, camera health) and events are published at least
//     once with an identifier; the stream drops a second copy within
//     [DedupeWindow], and consumers are idempotent by that identifier, so each has
//     its effect once.
//   - A publish returns when the message is on the server's disk, or with ctx.
//   - [Bus.ConsumeFacts] hands facts over one at a time and in order. One that
//     fails holds back those behind it until it succeeds or becomes a dead letter;
//     an outage ([room.ErrUnavailable]) is waited out for ever.
//   - [Bus.Relay] publishes events in the order of the log.
//   - A connection that is lost comes back by itself; nothing here must be called
//     again. Streams and buckets that have vanished are made anew.
//   - Postgres is the truth. Losing the NATS directory loses facts that the room
//     had not taken yet, and nothing else.
//
// # Why
//
//   - One message in flight to the fact consumer: the order of changes decides
//     which label a package is joined to, and about 1,000 facts a second is far
//     more than cameras make.
//   - A lease's fence is the bucket's age and the key's revision, so that it rises
//     even over the loss of the bucket; see [Lease].
//   - Requests for readings are not under the stream's subjects: JetStream would
//     answer them with its own acknowledgement.
package bus
