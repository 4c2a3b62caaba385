# A locker's compartment opens for whom a package is in it, once they are in.
slot A1 shelf 900
slot L1 locker 900
resident R1 Ann Lee 4B
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
by-hand T1 on L1
    → parcel.stored T1 slot L1 of R1
    → says placed name=Ann Lee slot=L1 unit=4B
    → tells R1: stored T1
    → shows nothing
door closed
    → door.closed
door exit
    → visit.leaving
door opened
    → door.opened (exit)
door closed
    → door.closed
wait 10s
    → visit.ended
identified resident R1
    → visit.started of R1
    → door.unlocked of R1 (identified)
    → unlocks, fence 2
    → shows L1=here laser on L1 at 5.0/2.5
door opened
    → door.opened of R1
    → visit.entered of R1 (door)
    → guide.stepped slot L1 of R1 (locker)
    → says take count=1 row=middle slot=L1
    → opens L1, fence 3
door closed
    → door.closed
