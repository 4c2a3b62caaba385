package main

// subcommands is the one list of them. A line a file.
func subcommands() []subcommand {
	return []subcommand{
		upCommand(),
		webCommand(),
		replayCommand(),
		readCommand(),
		trackCommand(),
		roomCommand(),
		notifyCommand(),
		auditCommand(),
		visionCommand(),
		simCommand(),
		webCommand(),
	}
}
