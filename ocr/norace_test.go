//go:build !race

package ocr

const raceFactor = 1
