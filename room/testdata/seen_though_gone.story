# A camera that goes on seeing somebody does not keep a visit open for ever.
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
placed i1 on A1
    → parcel.stored T1 slot A1 of R1
    → says placed name=Ann Lee slot=A1 unit=4B
    → tells R1: stored T1
    → shows nothing
door exit
    → visit.leaving
door opened
door closed
    → door.closed
wait 1m
wait 1m1s
    → visit.ended
manager ann unlocks
    → visit.started (inspection) by ann
    → door.unlocked (inspection) by ann
    → unlocks, fence 2
manager ann unlocks
    → door.unlocked (inspection) by ann
    → unlocks, fence 3
