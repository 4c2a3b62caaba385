# Two labels, two boxes on shelves that were not suggested: nothing is guessed; one choice settles both.
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
scan T2 for R2
    → parcel.registered T2 slot A2 of R2
    → shows A1=suggest A2=suggest
open
    → door.unlocked (asked)
    → unlocks, fence 1
door opened
    → door.opened
    → visit.entered (door)
    → says put_anywhere
placed i1 on B1
    → parcel.unidentified i1 slot B1
    → says which slot=B1
    → shows A1=suggest A2=suggest B1=warn
placed i2 on F1
    → parcel.unidentified i2 slot F1
    → says which slot=F1
    → shows A1=suggest A2=suggest B1=warn F1=warn
join i1 with T2
    → parcel.identified T2 slot B1 of R2 by kiosk
    → parcel.stored T2 slot B1 of R2
    → parcel.identified T1 slot F1 of R1
    → parcel.stored T1 slot F1 of R1
    → says placed name=Bob Ray slot=B1 unit=5C
    → says placed name=Ann Lee slot=F1 unit=4B
    → tells R2: stored T2
    → tells R1: stored T1
    → shows nothing
