# A label that was scanned and never placed is said at the door, and becomes an incident.
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
identified courier C1 UPS
    → visit.started
    → says welcome_courier name=C1
scan T1 for R1
    → parcel.registered T1 slot A1 of R1
    → shows A1=suggest
open
    → door.unlocked (asked)
    → unlocks, fence 1
door opened
    → door.opened
    → visit.entered (door)
    → says put_anywhere
people seen
door exit
    → prompt.spoken (prompt.not_placed)
    → visit.leaving
    → says not_placed count=1
door opened
people gone
door closed
    → door.closed
wait 3s
    → visit.ended
    → incident.opened T1 (scan_without_placement)
    → shows nothing
placed i9 on A1
    → parcel.unidentified i9 slot A1
    → incident.opened i9 slot A1 (unscanned_placement)
