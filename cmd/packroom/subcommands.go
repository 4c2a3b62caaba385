package main

// subcommands is the one list of them. A line a file.
func subcommands() []subcommand {
	return []subcommand{
		upCommand(),
		webCommand(),
		replayCommand(),
		readCommand(),
		ocrCommand(),
		trackCommand(),
		roomCommand(),
		notifyCommand(),
		auditCommand(),
		visionCommand(),
		simCommand(),
		webCommand(),
	}
}
