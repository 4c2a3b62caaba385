package room

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a file that somebody uploads.
const (
	maxRosterBytes    = 32 << 20
	maxRosterProblems = 20 // listed by name; the rest are counted
	maxRosterField    = 200
)

// RosterProblem is one thing wrong in a roster file, or another that is read line
// by line.
type RosterProblem struct {
	Line   int    `json:"line"`             // from 1; the header is line 1
	Column string `json:"column,omitempty"` // the column's name; empty = the whole line
	Text   string `json:"text"`

	Code   string            `json:"code"` // names the text that pages have in each language, as a Refusal's
	Values map[string]string `json:"values,omitempty"`
}

// String says where and what.
func (p RosterProblem) String() string {
	if p.Column == "" {
		return fmt.Sprintf("line %d: %s", p.Line, p.Text)
	}
	return fmt.Sprintf("line %d, column %s: %s", p.Line, p.Column, p.Text)
}

// RosterError lists what is wrong in such a file, at most 20 problems by name.
// It is ErrInvalid.
type RosterError struct {
	File     string // what it is: roster, credentials
	Problems []RosterProblem
	More     int // further problems that are not listed
}

// Error lists the problems, one a line.
func (e *RosterError) Error() string {
	var b strings.Builder
	b.WriteString(e.File + ": ")
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(p.String())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\nand %d more", e.More)
	}
	return b.String()
}

// Is makes errors.Is(err, ErrInvalid) work.
func (e *RosterError) Is(target error) bool { return target == ErrInvalid }

// add notes a problem. text has its blanks as {name}; values are names and
// values in turn.
func (e *RosterError) add(line int, column, code, text string, values ...string) {
	p := RosterProblem{Line: line, Column: column, Code: code}
	p.Text, p.Values = fill(text, values)
	e.put(p)
}

func (e *RosterError) put(p RosterProblem) {
	if len(e.Problems) == maxRosterProblems {
		e.More++
		return
	}
	e.Problems = append(e.Problems, p)
}

// or is e as an error, nil where nothing is wrong.
func (e *RosterError) or() error {
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}

// record is one line of a table.
type record struct {
	line    int
	fields  []string
	columns map[string]int
	bad     *RosterError
}

// get gives a field without the white space around it, empty where its column is
// not there; what no field may hold is noted.
func (r record) get(name string) string {
	i, ok := r.columns[name]
	if !ok {
		return ""
	}
	s := strings.Join(strings.Fields(r.fields[i]), " ")
	if utf8.RuneCountInString(s) > maxRosterField {
		r.bad.add(r.line, name, "roster_long", "longer than {max} characters", "max", strconv.Itoa(maxRosterField))
		return ""
	}
	if strings.ContainsFunc(s, func(c rune) bool { return unicode.IsControl(c) || c == utf8.RuneError }) {
		r.bad.add(r.line, name, "roster_control", "a control or replacement character; was the file saved in another encoding before?")
	}
	return s
}

// readTable reads CSV in UTF-8, with or without a byte order mark, whose first
// line names the columns in any order; others are ignored. What is wrong is noted
// in bad; no records come where the rest cannot be trusted.
func readTable(r io.Reader, required, optional []string, bad *RosterError) ([]record, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxRosterBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bad.File, err)
	}
	if len(data) > maxRosterBytes {
		bad.add(1, "", "roster_large", "the file is larger than {mb} MB", "mb", strconv.Itoa(maxRosterBytes>>20))
		return nil, nil
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if checkRosterEncoding(data, bad); len(bad.Problems) > 0 {
		return nil, nil
	}
	cr := csv.NewReader(bytes.NewReader(data))
	cr.FieldsPerRecord = -1
	head, err := cr.Read()
	if errors.Is(err, io.EOF) {
		bad.add(1, "", "roster_empty", "the file is empty; the first line must name the columns {columns}", "columns", strings.Join(required, ","))
		return nil, nil
	} else if err != nil {
		addCSVProblem(bad, err)
		return nil, nil
	}
	columns := tableColumns(head, required, optional, bad)
	if len(bad.Problems) > 0 {
		return nil, nil
	}
	var out []record
	for {
		fields, err := cr.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			addCSVProblem(bad, err)
			return nil, nil // where a quote is open nothing after it can be trusted
		}
		line, _ := cr.FieldPos(0)
		if blankRecord(fields) {
			continue
		}
		if len(fields) != len(head) {
			bad.add(line, "", "roster_fields", "{fields} fields where the header has {head}", "fields", strconv.Itoa(len(fields)), "head", strconv.Itoa(len(head)))
			continue
		}
		out = append(out, record{line, fields, columns, bad})
	}
}

// checkRosterEncoding refuses what is not UTF-8 text, naming the lines.
func checkRosterEncoding(data []byte, bad *RosterError) {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		bad.add(1, "", "roster_utf16", "the file is UTF-16; save it as CSV UTF-8")
		return
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		bad.add(1+bytes.Count(data[:i], []byte("\n")), "", "roster_binary", "a zero byte: this is not a text file; save it as CSV UTF-8")
		return
	}
	if utf8.Valid(data) {
		return
	}
	for n, line := range bytes.Split(data, []byte("\n")) {
		if utf8.Valid(line) {
			continue
		}
		i := 0
		for i < len(line) {
			r, size := utf8.DecodeRune(line[i:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			i += size
		}
		bad.add(n+1, "", "roster_encoding", "byte {byte} at character {at} is not UTF-8; save the file as CSV UTF-8",
			"byte", fmt.Sprintf("0x%02X", line[i]), "at", strconv.Itoa(utf8.RuneCount(line[:i])+1))
	}
}

func addCSVProblem(bad *RosterError, err error) {
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		bad.add(pe.Line, "", "roster_quotes", "character {at}: a quotation mark too many or too few", "at", strconv.Itoa(pe.Column))
		return
	}
	bad.add(1, "", "roster_csv", "this is not CSV: {why}", "why", err.Error())
}

// tableColumns gives the index of each known column in the header.
func tableColumns(head, required, optional []string, bad *RosterError) map[string]int {
	columns := map[string]int{}
	for i, h := range head {
		name := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(h)), " ", "_")
		if !slices.Contains(required, name) && !slices.Contains(optional, name) {
			continue
		}
		if _, ok := columns[name]; ok {
			bad.add(1, name, "roster_column_twice", "the column is there twice")
		}
		columns[name] = i
	}
	if len(head) == 1 && strings.ContainsAny(head[0], ";\t") {
		bad.add(1, "", "roster_commas", "the columns must be separated by commas")
		return nil
	}
	var missing []string
	for _, name := range required {
		if _, ok := columns[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		bad.add(1, "", "roster_columns", "missing columns: {columns}", "columns", strings.Join(missing, ", "))
	}
	return columns
}

func blankRecord(rec []string) bool {
	for _, f := range rec {
		if strings.TrimSpace(f) != "" {
			return false
		}
	}
	return true
}
