// Package postgres keeps a room in PostgreSQL 15 or later: state, event log,
// message queue, accounts. It also runs a private PostgreSQL (see
// [StartPrivate]) and checks an event log that was written (see [Audit]).
//
// # What may be relied upon
//
//   - [Store.Commit] is one transaction, durable when it returns. Where it fails
//     with room.ErrUnavailable the outcome may be unknown: commit again with the
//     same Inbox, and room.ErrSeen says that it had gone through.
//   - One Store owns a room at a time. A commit of an owner that lost the room
//     fails, even if that owner has not noticed yet: every owner has an epoch,
//     checked in the transaction.
//   - The event log only grows: triggers refuse UPDATE, DELETE and TRUNCATE. Who
//     switches them off is found out by [Audit], as each row's hash covers the
//     row before it and the table rooms keeps the head.
//   - What is past its time goes where its owner calls Prune (inputs, messages
//     sent, wrong tries); published events leave the outbox at once, and sessions
//     that are over at the next sign-in.
//   - A lost connection is room.ErrUnavailable within seconds, and the next call
//     tries a new one.
//
// # Formats
//
// Nouns lie in a column body, as the JSON that room gives them; the columns
// beside it, for looking up and for constraints, are generated from it by the
// database. An event's data is text, byte for byte as hashed. The secret of a
// message is sealed with AES-256-GCM, nonce first, the message's ID as
// additional data.
package postgres
