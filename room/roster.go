package room

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a roster file.
const (
	maxRosterBytes    = 32 << 20
	maxRosterProblems = 20 // listed by name; the rest are counted
	maxRosterField    = 200
)

// RosterProblem is one thing wrong in a roster file.
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

// RosterError lists what is wrong in a roster file, at most 20 problems by name.
// It is ErrInvalid.
type RosterError struct {
	Problems []RosterProblem
	More     int // further problems that are not listed
}

// Error lists the problems, one a line.
func (e *RosterError) Error() string {
	var b strings.Builder
	b.WriteString("roster: ")
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
	if len(e.Problems) == maxRosterProblems {
		e.More++
		return
	}
	p := RosterProblem{Line: line, Column: column, Code: code}
	p.Text, p.Values = fill(text, values)
	e.Problems = append(e.Problems, p)
}

var (
	rosterRequired = []string{"resident_id", "first_name", "last_name", "unit", "status", "aliases"}
	rosterOptional = []string{"email", "phone", "language"}
	rosterStatuses = []ResidentStatus{ResidentFuture, ResidentCurrent, ResidentNotice, ResidentPast}
	rosterPhone    = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	rosterLanguage = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// ReadRoster reads residents from CSV in UTF-8, with or without a byte order
// mark. The first line names the columns, in any order: resident_id, first_name,
// last_name, unit, status and aliases (separated by ";"), and where wanted email,
// phone and language; others are ignored. A file with anything wrong in it is
// refused whole by a *RosterError that names the lines.
func ReadRoster(r io.Reader) ([]Resident, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxRosterBytes+1))
	if err != nil {
		return nil, fmt.Errorf("roster: %w", err)
	}
	bad := &RosterError{}
	if len(data) > maxRosterBytes {
		bad.add(1, "", "roster_large", "the file is larger than {mb} MB", "mb", strconv.Itoa(maxRosterBytes>>20))
		return nil, bad
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if checkRosterEncoding(data, bad); len(bad.Problems) > 0 {
		return nil, bad
	}
	cr := csv.NewReader(bytes.NewReader(data))
	cr.FieldsPerRecord = -1
	head, err := cr.Read()
	if err != nil {
		if errors.Is(err, io.EOF) {
			bad.add(1, "", "roster_empty", "the file is empty; the first line must name the columns {columns}", "columns", strings.Join(rosterRequired, ","))
		} else {
			addCSVProblem(bad, err)
		}
		return nil, bad
	}
	columns := rosterColumns(head, bad)
	if len(bad.Problems) > 0 {
		return nil, bad
	}
	var out []Resident
	first := map[string]int{} // resident_id -> its line
	for {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			addCSVProblem(bad, err)
			return nil, bad // where a quote is open nothing after it can be trusted
		}
		line, _ := cr.FieldPos(0)
		if blankRecord(rec) {
			continue
		}
		if len(rec) != len(head) {
			bad.add(line, "", "roster_fields", "{fields} fields where the header has {head}", "fields", strconv.Itoa(len(rec)), "head", strconv.Itoa(len(head)))
			continue
		}
		res := readRosterRow(rec, columns, line, bad)
		if res.ID != "" {
			if at, ok := first[res.ID]; ok {
				bad.add(line, "resident_id", "roster_twice", "{value} is already on line {line}", "value", strconv.Quote(res.ID), "line", strconv.Itoa(at))
			} else {
				first[res.ID] = line
			}
		}
		out = append(out, res)
	}
	if len(bad.Problems) > 0 {
		return nil, bad
	}
	if len(out) == 0 {
		bad.add(1, "", "roster_nobody", "there are no residents below the header")
		return nil, bad
	}
	return out, nil
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

// rosterColumns gives the index of each known column in the header.
func rosterColumns(head []string, bad *RosterError) map[string]int {
	columns := map[string]int{}
	for i, h := range head {
		name := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(h)), " ", "_")
		if !slices.Contains(rosterRequired, name) && !slices.Contains(rosterOptional, name) {
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
	for _, name := range rosterRequired {
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

func readRosterRow(rec []string, columns map[string]int, line int, bad *RosterError) Resident {
	get := func(name string) string {
		i, ok := columns[name]
		if !ok {
			return ""
		}
		s := strings.Join(strings.Fields(rec[i]), " ")
		if utf8.RuneCountInString(s) > maxRosterField {
			bad.add(line, name, "roster_long", "longer than {max} characters", "max", strconv.Itoa(maxRosterField))
			return ""
		}
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || r == utf8.RuneError }) {
			bad.add(line, name, "roster_control", "a control or replacement character; was the file saved in another encoding before?")
		}
		return s
	}
	res := Resident{
		ID: get("resident_id"), FirstName: get("first_name"), LastName: get("last_name"), Unit: get("unit"),
		Status: ResidentStatus(strings.ToLower(get("status"))),
		Email:  get("email"), Phone: get("phone"), Language: get("language"),
	}
	for a := range strings.SplitSeq(get("aliases"), ";") {
		if a = strings.TrimSpace(a); a != "" {
			res.Aliases = append(res.Aliases, a)
		}
	}
	if res.ID == "" {
		bad.add(line, "resident_id", "roster_blank", "empty")
	}
	if res.Name() == "" {
		bad.add(line, "last_name", "roster_name", "first and last name are both empty")
	}
	if res.Unit == "" {
		bad.add(line, "unit", "roster_blank", "empty")
	}
	if !slices.Contains(rosterStatuses, res.Status) {
		bad.add(line, "status", "resident_status", "{value} is none of future, current, notice, past", "value", strconv.Quote(string(res.Status)))
	}
	if res.Email != "" {
		if a, err := mail.ParseAddress(res.Email); err != nil || a.Address != res.Email {
			bad.add(line, "email", "roster_email", "{value} is not an e-mail address", "value", strconv.Quote(res.Email))
		}
	}
	if res.Phone != "" && !rosterPhone.MatchString(res.Phone) {
		bad.add(line, "phone", "roster_phone", "{value} is not an international number such as +15035550100", "value", strconv.Quote(res.Phone))
	}
	if res.Language != "" && !rosterLanguage.MatchString(res.Language) {
		bad.add(line, "language", "roster_language", "{value} is not a language tag such as en or es", "value", strconv.Quote(res.Language))
	}
	return res
}
