# A package that is put down, taken up again and carried out was never delivered; one moved to another slot was.
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
placed i1 on A1 red
    → parcel.stored T1 slot A1 of R1
    → says placed name=Ann Lee slot=A1 unit=4B
    → tells R1: stored T1
    → shows nothing
removed i1
    → parcel.taken T1 slot A1 of R1
placed i2 on B1 red
    → parcel.putback T1 slot B1 of R1 (from_A1)
placed i3 on F1 blue
    → parcel.unidentified i3 slot F1
    → incident.opened i3 slot F1 (unscanned_placement)
    → prompt.spoken slot F1 (prompt.unscanned)
    → says unscanned count=1 slot=F1
    → shows F1=warn
removed i3
    → parcel.taken i3 slot F1
    → shows nothing
door exit
    → visit.leaving
door opened
door closed
    → door.closed
wait 3s
    → visit.ended
    → parcel.dropped i3 (taken_along_again)
    → incident.resolved i3 slot F1 (unscanned_placement) by itself
