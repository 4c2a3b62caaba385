package room

import (
	"io"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

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
	bad := &RosterError{File: "roster"}
	records, err := readTable(r, rosterRequired, rosterOptional, bad)
	if err != nil {
		return nil, err
	}
	var out []Resident
	first := map[string]int{} // resident_id -> its line
	for _, rec := range records {
		res := readRosterRow(rec, bad)
		if res.ID != "" {
			if at, ok := first[res.ID]; ok {
				bad.add(rec.line, "resident_id", "roster_twice", "{value} is already on line {line}", "value", strconv.Quote(res.ID), "line", strconv.Itoa(at))
			} else {
				first[res.ID] = rec.line
			}
		}
		out = append(out, res)
	}
	if len(bad.Problems) == 0 && len(out) == 0 {
		bad.add(1, "", "roster_nobody", "there are no residents below the header")
	}
	if err := bad.or(); err != nil {
		return nil, err
	}
	return out, nil
}

func readRosterRow(rec record, bad *RosterError) Resident {
	get, line := rec.get, rec.line
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
