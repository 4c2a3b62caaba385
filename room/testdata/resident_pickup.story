# A resident is led to two packages, one after the other.
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
placed i1 on A1
    → parcel.stored T1 slot A1 of R1
    → says placed name=Ann Lee slot=A1 unit=4B
    → tells R1: stored T1
    → shows nothing
scan T2 for R1
    → parcel.registered T2 slot A1 of R1
    → shows A1=suggest
placed i2 on B1
    → parcel.stored T2 slot B1 of R1
    → says placed name=Ann Lee slot=B1 unit=4B
    → tells R1: stored T2
    → shows nothing
door exit
    → visit.leaving
door opened
door closed
    → door.closed
wait 3s
    → visit.ended
identified resident R1
    → visit.started of R1
    → door.unlocked of R1 (identified)
    → unlocks, fence 2
    → shows A1=here B1=here laser on A1 at 2.0/2.0
door opened
    → door.opened of R1
    → visit.entered of R1 (door)
    → says take count=2 row=middle slot=A1
people seen A1
    → shows A1=here B1=here
people seen
    → shows A1=here B1=here laser on A1 at 2.0/2.0
removed i1
    → parcel.collected T1 slot A1 of R1
    → says taken_next count=1 row=high slot=B1
    → shows B1=here laser on B1 at 2.0/2.0
people seen B1
    → shows B1=here
removed i2
    → parcel.collected T2 slot B1 of R1
    → says taken_done
    → shows nothing
door closed
    → door.closed
door exit
    → visit.leaving of R1
door opened
    → door.opened (exit)
people gone
door closed
    → door.closed
wait 3s
    → visit.ended of R1
    → tells R1: collected T1
    → ends the PINs of R1
