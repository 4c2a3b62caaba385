package room

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const rosterHead = "resident_id,first_name,last_name,unit,status,aliases\n"

func TestReadRoster(t *testing.T) {
	want := []Resident{
		{ID: "R1", FirstName: "Ana", LastName: "Muñoz", Unit: "8C", Status: ResidentCurrent, Aliases: []string{"Ana M. Ortiz", "Ortiz, LLC"}},
		{ID: "R2", FirstName: "Wei", LastName: "Xu", Unit: "1204", Status: ResidentNotice, Email: "wei@example.com", Phone: "+15035550100", Language: "es"},
	}
	for name, in := range map[string]string{
		"plain":            "resident_id,first_name,last_name,unit,status,aliases,email,phone,language\nR1,Ana,Muñoz,8C,current,\"Ana M. Ortiz; Ortiz, LLC\",,,\nR2,Wei,Xu,1204,notice,,wei@example.com,+15035550100,es\n",
		"byte order mark":  "\xef\xbb\xbfresident_id,first_name,last_name,unit,status,aliases,email,phone,language\r\nR1,Ana,Muñoz,8C,current,\"Ana M. Ortiz; Ortiz, LLC\",,,\r\nR2,Wei,Xu,1204,notice,,wei@example.com,+15035550100,es\r\n",
		"other order":      "Status,unit,Last Name,first_name,resident_id,aliases,language,phone,email,note\nCURRENT,8C,Muñoz, Ana ,R1,Ana M. Ortiz;\"Ortiz, LLC\",,,,x\nnotice,1204,Xu,Wei,R2,,es,+15035550100,wei@example.com,\n",
		"empty lines left": "resident_id,first_name,last_name,unit,status,aliases,email,phone,language\n\nR1,Ana,Muñoz,8C,current,Ana M. Ortiz;;\"Ortiz, LLC\",,,\n,,,,,,,,\nR2,Wei,Xu,1204,notice,,wei@example.com,+15035550100,es",
	} {
		if name == "other order" { // a quote inside a bare field is not CSV; quote the whole field
			in = strings.Replace(in, `Ana M. Ortiz;"Ortiz, LLC"`, `"Ana M. Ortiz;Ortiz, LLC"`, 1)
		}
		if name == "empty lines left" {
			in = strings.Replace(in, `Ana M. Ortiz;;"Ortiz, LLC"`, `"Ana M. Ortiz;;Ortiz, LLC"`, 1)
		}
		t.Run(name, func(t *testing.T) {
			got, err := ReadRoster(strings.NewReader(in))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadRosterSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty file", "", "line 1: the file is empty"},
		{"header only", rosterHead, "line 1: there are no residents"},
		{"missing columns", "resident_id,first_name,last_name\nR1,A,B\n", "line 1: missing columns: unit, status, aliases"},
		{"semicolons", "resident_id;first_name;last_name;unit;status;aliases\n", "separated by commas"},
		{"column twice", "resident_id,unit,unit,first_name,last_name,status,aliases\n", "line 1, column unit: the column is there twice"},
		{"duplicate id", rosterHead + "R1,A,B,1,current,\nR2,C,D,2,current,\nR1,E,F,3,current,\n", `line 4, column resident_id: "R1" is already on line 2`},
		{"unknown status", rosterHead + "R1,A,B,1,resident,\n", `line 2, column status: "resident" is none of`},
		{"latin-1", rosterHead + "R1,A,B,1,current,\nR2,Jos\xe9,D,2,current,\n", "line 3: byte 0xE9 at character 7 is not UTF-8"},
		{"utf-16", "\xff\xfer\x00e\x00", "line 1: the file is UTF-16"},
		{"binary", rosterHead + "R1,A\x00,B,1,current,\n", "line 2: a zero byte"},
		{"short line", rosterHead + "R1,A,B\n", "line 2: 3 fields where the header has 6"},
		{"open quote", rosterHead + "R1,A,\"B,1,current,\n", "line 2: character"},
		{"empty unit", rosterHead + "R1,A,B,,current,\n", "line 2, column unit: empty"},
		{"no name", rosterHead + "R1,,,4,current,\n", "line 2, column last_name: first and last name are both empty"},
		{"bad email", "email," + rosterHead + "ann at home,R1,A,B,4,current,\n", "line 2, column email"},
		{"bad phone", "phone," + rosterHead + "555,R1,A,B,4,current,\n", "line 2, column phone"},
		{"read in the wrong encoding before", rosterHead + "R1,Jos\uFFFD,B,4,current,\n", "line 2, column first_name: a control or replacement character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadRoster(strings.NewReader(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want it to say %q", err, tt.want)
			}
			if !errors.Is(err, ErrInvalid) {
				t.Error("not ErrInvalid")
			}
		})
	}
}

func TestReadRosterListsTwentyProblems(t *testing.T) {
	var b strings.Builder
	b.WriteString(rosterHead)
	for i := range 50 {
		fmt.Fprintf(&b, "R%d,A,B,1,gone,\n", i)
	}
	_, err := ReadRoster(strings.NewReader(b.String()))
	var re *RosterError
	if !errors.As(err, &re) || len(re.Problems) != 20 || re.More != 30 {
		t.Fatalf("got %v", err)
	}
	if re.Problems[19].Line != 21 {
		t.Errorf("the twentieth problem is on line %d, want 21", re.Problems[19].Line)
	}
}

func FuzzReadRoster(f *testing.F) {
	f.Add([]byte(rosterHead + "R1,A,B,1,current,x;y\n"))
	f.Add([]byte("\xef\xbb\xbf" + rosterHead))
	f.Fuzz(func(t *testing.T, in []byte) {
		rs, err := ReadRoster(strings.NewReader(string(in)))
		if err != nil {
			return
		}
		for _, r := range rs {
			if r.ID == "" || r.Unit == "" || r.Name() == "" {
				t.Fatalf("accepted %+v", r)
			}
		}
	})
}
