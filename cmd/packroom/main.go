// Command packroom runs a package room: see "packroom help".
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"syscall"
)

// subcommand is one word of the command line. Run gets the words after it and
// returns when done or when ctx ends; its error is printed and makes the exit
// status 1.
type subcommand struct {
	name  string
	about string // empty = for this program itself, not for people
	run   func(ctx context.Context, args []string) error
}

// errUsage says that the words were wrong and help was printed already.
var errUsage = errors.New("usage")

// exitError carries an exit status other than 1.
type exitError struct{ status int }

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(dispatch(ctx, os.Args[1:]))
}

func dispatch(ctx context.Context, args []string) int {
	all := subcommands()
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Print(help(all))
		return 0
	}
	for _, c := range all {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:])
		var exit exitError
		switch {
		case err == nil:
			return 0
		case errors.Is(err, errUsage):
			return 2
		case errors.As(err, &exit):
			return exit.status
		}
		fmt.Fprintf(os.Stderr, "packroom %s: %v\n", c.name, err)
		return 1
	}
	fmt.Fprintf(os.Stderr, "packroom: no command %q\n\n%s", args[0], help(all))
	return 2
}

func help(all []subcommand) string {
	sort.SliceStable(all, func(i, j int) bool { return all[i].name < all[j].name })
	s := "packroom runs a smart package room.\n\n"
	for _, c := range all {
		if c.about == "" {
			continue
		}
		s += fmt.Sprintf("  %-8s %s\n", c.name, c.about)
	}
	return s + "\n\"packroom COMMAND -h\" shows a command's flags.\n"
}
