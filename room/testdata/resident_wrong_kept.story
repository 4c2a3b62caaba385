# Somebody else's package leaves with a resident: it is missing, and the incident stays.
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
scan T2 for R2
    → parcel.registered T2 slot A1 of R2
    → shows A1=suggest
scan T1 for R1
    → parcel.registered T1 slot A2 of R1
    → shows A1=suggest A2=suggest
open
    → door.unlocked (asked)
    → unlocks, fence 1
door opened
    → door.opened
    → visit.entered (door)
    → says put_anywhere
placed i2 on A1
    → parcel.stored T2 slot A1 of R2
    → says placed name=Bob Ray slot=A1 unit=5C
    → tells R2: stored T2
    → shows A2=suggest
placed i1 on A2
    → parcel.stored T1 slot A2 of R1
    → says placed name=Ann Lee slot=A2 unit=4B
    → tells R1: stored T1
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
    → shows A2=here laser on A2 at 2.0/2.0
door opened
    → door.opened of R1
    → visit.entered of R1 (door)
    → says take count=1 row=middle slot=A2
removed i2
    → parcel.taken T2 slot A1 of R2
    → incident.opened T2 slot A1 (wrong_parcel)
    → prompt.spoken slot A1 (prompt.wrong_parcel)
    → says wrong_parcel slot=A1
    → shows A1=suggest A2=here laser on A2 at 2.0/2.0
door exit
    → prompt.spoken slot A1 (prompt.wrong_parcel)
    → visit.leaving of R1
    → says left_behind count=1 slot=A2
    → says wrong_parcel slot=A1
door opened
door closed
    → door.closed
wait 3s
    → visit.ended of R1
    → parcel.missing T2 slot A1 of R2
    → incident.opened T2 slot A1 (missing)
    → shows nothing
