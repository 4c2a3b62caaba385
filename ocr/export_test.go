package ocr

import "strings"

// Widths128 are the bars and spaces of a Code 128 in modules, spaces below zero.
func Widths128(text string) []int {
	var out []int
	widths := strings.Fields(code128Widths)
	for _, v := range append(values128(text), stopValue) {
		for i, c := range widths[v] {
			w := int(c - '0')
			if i%2 == 1 {
				w = -w
			}
			out = append(out, w)
		}
	}
	return out
}

// RaceFactor is how much slower the race detector makes tests.
const RaceFactor = raceFactor
