# Looks and order together tell which box it is.
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
scan T1 for R1 - red
    → parcel.registered T1 slot A1 of R1
    → shows A1=suggest
scan T2 for R2 - blue
    → parcel.registered T2 slot A2 of R2
    → shows A1=suggest A2=suggest
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
    → shows A2=suggest
placed i2 on A2 blue
    → parcel.stored T2 slot A2 of R2
    → says placed name=Bob Ray slot=A2 unit=5C
    → tells R2: stored T2
    → shows nothing
