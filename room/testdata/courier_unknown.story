# A label of nobody here is placed as unidentified and later assigned.
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
scan T1 for nobody
    → parcel.registered T1 slot A1
    → shows A1=suggest
open
    → door.unlocked (asked)
    → unlocks, fence 1
door opened
    → door.opened
    → visit.entered (door)
    → says put_anywhere
placed i1 on A1
    → parcel.unidentified T1 slot A1
    → says placed name= slot=A1 unit=
    → shows nothing
resolve T1 assign R1
    → parcel.resolved T1 slot A1 of R1 (assign) by ann
    → tells R1: stored T1
resolve T1 assign R3
    → refused: assign: invalid: choose a resident who lives here now
