package postgres

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// bodies is the JSON array of values for a jsonb parameter. Of values with the
// same key the last counts; those without a key stay, for the database to refuse.
func bodies[T any](values []T, key func(T) string) (string, error) {
	last := make(map[string]int, len(values))
	for i, v := range values {
		last[key(v)] = i
	}
	kept := make([]T, 0, len(last))
	for i, v := range values {
		if last[key(v)] == i {
			kept = append(kept, v)
		}
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	return string(withoutNUL(b)), nil
}

// withoutNUL drops the escape \u0000, which jsonb cannot hold, from valid JSON.
func withoutNUL(b []byte) []byte {
	const nul = `\u0000`
	if !bytes.Contains(b, []byte(nul)) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		switch {
		case bytes.HasPrefix(b[i:], []byte(nul)):
			i += len(nul)
		case b[i] == '\\': // an escape: the next byte belongs to it
			out = append(out, b[i], b[i+1])
			i += 2
		default:
			out = append(out, b[i])
			i++
		}
	}
	return out
}

// clean makes s a text that PostgreSQL holds unchanged: UTF-8 without NUL.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// cleanAll is clean for each; never nil.
func cleanAll(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = clean(s)
	}
	return out
}

// scanBody reads a row of one column, body.
func scanBody[T any](row pgx.CollectableRow) (T, error) {
	var v T
	var b []byte
	if err := row.Scan(&b); err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("decode a %T: %w", v, err)
	}
	return v, nil
}

// orNull is NULL for the zero time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// orZero is the zero time for NULL, and UTC otherwise.
func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// limit is n, or otherwise where n is not set, at most 1000.
func limit(n, otherwise int) int {
	if n <= 0 {
		n = otherwise
	}
	return min(n, 1000)
}

// where gathers the conditions of a filter with their arguments.
type where struct {
	conds []string
	args  []any
}

// arg adds an argument and gives its placeholder.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

// and adds a condition; each ? stands for the argument.
func (w *where) and(cond string, v any) {
	w.conds = append(w.conds, strings.ReplaceAll(cond, "?", w.arg(v)))
}

// andIf adds a condition unless v is empty.
func (w *where) andIf(cond, v string) {
	if v != "" {
		w.and(cond, clean(v))
	}
}

// between adds the conditions from <= column < to; zero times are no bound.
func (w *where) between(column string, from, to time.Time) {
	if !from.IsZero() {
		w.and(column+" >= ?", from)
	}
	if !to.IsZero() {
		w.and(column+" < ?", to)
	}
}

func (w *where) String() string { return " WHERE " + strings.Join(w.conds, " AND ") }

// inRoom begins a filter on this store's room.
func (s *Store) inRoom() *where {
	w := &where{}
	w.and("property = ?", s.property)
	w.and("room = ?", s.room)
	return w
}
