# A door that opens with no grant is forced; one that stays open is told.
slot A1 shelf 900
slot A2 shelf 900
slot B1 shelf 1600
slot F1 floor 0
resident R1 Ann Lee 4B
resident R2 Bob Ray 5C
resident R3 Cy Past 6D past
camera ok
    → shows nothing
people gone
door opened
    → door.opened (forced)
    → incident.opened (door_forced)
wait 61s
    → incident.opened (door_held)
door closed
    → door.closed
    → incident.resolved (door_held) by itself
refused unknown
    → access.denied (unknown)
manager ann unlocks
    → visit.started (inspection) by ann
    → door.unlocked (inspection) by ann
    → unlocks, fence 1
unlock-failed
    → door.refused (no_answer)
    → incident.opened (door_fault)
door fault
    → door.fault (fault)
    → incident.opened (door_fault)
door ok
    → door.fault (ok)
    → incident.resolved (door_fault) by itself
