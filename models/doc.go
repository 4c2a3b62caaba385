// Package models names the trained models that packroom uses, finds them on
// this machine and checks that they are what they should be. Weights are never
// part of the binary: they come with Debian's packages, or deploy/setup.sh fetches
// them. What is optional is used where it is there.
//
// A model that is added gets a [Model] in the list: where it comes from, under
// which licence, what it takes, and the SHA-256 of its file.
package models
