# Where a package lies is told so that somebody who does not see the lights finds it.
slot A1 shelf 1500
slot A2 shelf 1000
slot A3 shelf 500
slot B1 shelf 1500
slot B2 shelf 1000
slot B3 shelf 500
slot C1 shelf 1500 cam2
slot F1 floor 0 cam2
map A1 0 0 25 30
map A2 0 30 25 30
map A3 0 60 25 30
map B1 25 0 25 30
map B2 25 30 25 30
map B3 25 60 25 30
map C1 50 0 25 30
map F1 75 90 25 10
resident R1 Ann Lee 4B
camera ok
    → shows nothing
people gone
identified courier C1 UPS
    → visit.started
    → says welcome_courier name=C1
scan T1 for R1
    → parcel.registered T1 slot A2 of R1
    → shows A2=suggest
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
placed i2 on B2
    → parcel.stored T2 slot B2 of R1
    → says placed name=Ann Lee slot=B2 unit=4B
    → tells R1: stored T2
    → shows nothing
scan T3 for R1
    → parcel.registered T3 slot B2 of R1
    → shows B2=suggest
placed i3 on B3
    → parcel.stored T3 slot B3 of R1
    → says placed name=Ann Lee slot=B3 unit=4B
    → tells R1: stored T3
    → shows nothing
scan T4 for R1
    → parcel.registered T4 slot B2 of R1
    → shows B2=suggest
placed i4 on C1
    → parcel.stored T4 slot C1 of R1
    → says placed name=Ann Lee slot=C1 unit=4B
    → tells R1: stored T4
    → shows nothing
scan T5 for R1
    → parcel.registered T5 slot B2 of R1
    → shows B2=suggest
placed i5 on F1
    → parcel.stored T5 slot F1 of R1
    → says placed name=Ann Lee slot=F1 unit=4B
    → tells R1: stored T5
    → shows nothing
done
door exit
door opened
door closed
    → door.closed
wait 3s
    → visit.ended
identified resident R1
    → visit.started of R1
    → door.unlocked of R1 (identified)
    → unlocks, fence 2
    → shows A1=here B2=here B3=here C1=here F1=here laser on A1 at 2.0/2.0
door opened
    → door.opened of R1
    → visit.entered of R1 (door)
    → says take bay=1 count=5 row=1 side=left slot=A1
removed i1
    → parcel.collected T1 slot A1 of R1
    → says taken_next bay=1 count=4 row=2 side=right slot=B2
    → shows B2=here B3=here C1=here F1=here laser on B2 at 2.0/2.0
removed i2
    → parcel.collected T2 slot B2 of R1
    → says taken_next bay=1 count=3 row=bottom side=right slot=B3
    → shows B3=here C1=here F1=here laser on B3 at 2.0/2.0
removed i3
    → parcel.collected T3 slot B3 of R1
    → says taken_next bay=2 count=2 row=high slot=C1
    → shows C1=here F1=here
removed i4
    → parcel.collected T4 slot C1 of R1
    → says taken_next bay=2 count=1 row=floor slot=F1
    → shows F1=here
removed i5
    → parcel.collected T5 slot F1 of R1
    → says taken_done
    → shows nothing
