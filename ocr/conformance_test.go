package ocr

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// benchDir is where benchmark sets lie: PACKROOM_BENCH, or a folder beside the
// repository. Empty where there are none.
func benchDir() string {
	dir := os.Getenv("PACKROOM_BENCH")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "bench")
	}
	if _, err := os.Stat(dir); err != nil {
		return ""
	}
	return dir
}

// TestTrackingConformance runs over the published test numbers of every format
// (jkeen/tracking_number_data) where the set is at hand; the numbers in
// carrier_test.go are always tested.
func TestTrackingConformance(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(benchDir(), "tracking", "couriers", "*.json"))
	valid, invalid := 0, 0
	elsewhere := map[string]bool{} // refused by one form, right by another of the set
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var set struct {
			Name            string `json:"name"`
			TrackingNumbers []struct {
				Name        string `json:"name"`
				TestNumbers struct {
					Valid, Invalid []string
				} `json:"test_numbers"`
			} `json:"tracking_numbers"`
		}
		if err := json.Unmarshal(data, &set); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, f := range set.TrackingNumbers {
			for _, n := range f.TestNumbers.Valid {
				elsewhere[n] = true
			}
		}
		want := strings.Fields(strings.ToLower(set.Name))[0]
		for _, f := range set.TrackingNumbers {
			for _, n := range f.TestNumbers.Valid {
				valid++
				got := ParseTrack(n)
				if !got.Valid {
					t.Errorf("%s: %q refused", f.Name, n)
					continue
				}
				names := append([]string{got.Carrier}, got.Carriers...)
				same := func(s string) bool {
					s = strings.ToLower(s)
					return strings.HasPrefix(s, want) || want == "united" && s == "usps" || want == "s10" && strings.HasSuffix(got.Service, "(S10)")
				}
				if !slices.ContainsFunc(names, same) {
					t.Errorf("%s: %q given to %v", f.Name, n, names)
				} else if !same(got.Carrier) {
					t.Logf("%s: %q: %v before %s", f.Name, n, names, set.Name)
				}
			}
			for _, n := range f.TestNumbers.Invalid {
				invalid++
				if got := ParseTrack(n); got.Valid && !elsewhere[n] {
					t.Errorf("%s: %q taken for %s %v %q", f.Name, n, got.Carrier, got.Carriers, got.Service)
				}
			}
		}
	}
	t.Logf("%d valid and %d invalid numbers of %d files", valid, invalid, len(files))
}
