// Package notify tells residents by e-mail and text message what happened to
// their packages. A [Worker] takes messages from the queue that package room
// fills, decides by which channels each goes out, renders it in the resident's
// language, hands it to a [Sender], and writes down what became of it.
//
// # What may be relied upon
//
//   - A queued message is handed over at least once, or given up after 24 hours
//     with the reason kept. An address that the receiving server refuses for good
//     is given up at once.
//   - A worker that dies while it sends leaves a delivery whose lease ends within
//     ten seconds; then it is sent again. The second copy of an e-mail bears the
//     same Message-ID (the delivery's ID at the sender's domain), by which mail
//     programs and many servers recognise it. Text messages have no such thing:
//     one may arrive twice.
//   - What is kept of a sent message shows no PIN and no QR code, unless
//     [Config.ShowSecrets] says so, which is for a demonstration only.
//   - Where no mail server or no text provider is set, nothing is sent: the
//     delivery is finished with an answer that says so, and the rendered message
//     is kept to be looked at.
//
// # Templates
//
// templates/LANGUAGE/ holds the words. A kind of message (room.MessageKind) has
// three files there: KIND.txt (with the subject), KIND.html and KIND.sms. A new
// language is a new folder; a test renders every kind in every language.
package notify
