package main

// subcommands is the one list of them. A line a file.
func subcommands() []subcommand {
	return []subcommand{
		upCommand(),
		roomCommand(),
		visionCommand(),
		ocrCommand(),
		notifyCommand(),
		webCommand(),
		simCommand(),
		replayCommand(),
		scoreCommand(),
		readCommand(),
		labelReaderCommand(),
		trackCommand(),
		auditCommand(),
		doctorCommand(),
		laserCommand(),
	}
}
