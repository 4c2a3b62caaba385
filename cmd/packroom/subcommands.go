package main

// subcommands is the one list of them. A line a file.
func subcommands() []subcommand {
	return []subcommand{
		roomCommand(),
		notifyCommand(),
		auditCommand(),
		visionCommand(),
		simCommand(),
	}
}
