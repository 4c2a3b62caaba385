# Wrong PINs until the kiosk waits: the manager is told, once.
refused unknown
    → access.denied (unknown)
    → shows nothing
refused unknown 30s
    → access.denied (unknown)
    → incident.opened (guessing)
refused throttled 20s
    → access.denied (throttled)
refused unknown 60s
    → access.denied (unknown)
