# One command leads: light and laser follow a parcel that moves, and end when it
# is taken. Two residents at once have a light each.
slot A1 shelf 900
slot A2 shelf 900
slot B1 shelf 1600
slot B2 shelf 400
resident R1 Ann Lee 4B
resident R2 Bob Ray 5C
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
scan T3 for R2
    → parcel.registered T3 slot A2 of R2
    → shows A2=suggest
placed i3 on A2
    → parcel.stored T3 slot A2 of R2
    → says placed name=Bob Ray slot=A2 unit=5C
    → tells R2: stored T3
    → shows nothing
done
door exit
door opened
door closed
    → door.closed
wait 3s
    → visit.ended
# Both come in; each is told and shown their own.
identified resident R1
    → visit.started of R1
    → door.unlocked of R1 (identified)
    → unlocks, fence 2
    → shows A1=here B1=here laser on A1 at 2.0/2.0
door opened
    → door.opened of R1
    → visit.entered of R1 (door)
    → says take count=2 row=middle slot=A1
door closed
    → door.closed
identified resident R2
    → visit.started of R2
    → door.unlocked of R2 (identified)
    → unlocks, fence 3
    → shows A1=here A2=here2 B1=here laser on A1 at 2.0/2.0
door opened
    → door.opened of R2
    → visit.entered of R2 (door)
    → says take count=1 row=middle slot=A2
door closed
    → door.closed
# Ann wants the second one first.
identified resident R1
    → incident.opened (passback)
    → door.unlocked of R1 (passback)
    → unlocks, fence 4
lead to T2
    → guide.stepped T2 slot B1 of R1 (asked)
    → says take count=1 row=high slot=B1
    → shows A2=here2 B1=here laser on B1 at 2.0/2.0
# It is moved while she is on her way: all follow.
moved i2 to B2
    → parcel.moved T2 slot B2 of R1 (from_B1)
    → says take count=1 row=low slot=B2
    → shows A2=here2 B2=here laser on B2 at 2.0/2.0
# She stands before it: the laser turns to what is Bob's, where nobody is.
people seen B2
    → shows A2=here2 B2=here laser on A2 at 2.0/2.0
people seen
    → shows A2=here2 B2=here laser on B2 at 2.0/2.0
removed i2
    → parcel.collected T2 slot B2 of R1
    → says taken_next count=1 row=middle slot=A1
    → shows A1=here A2=here2 laser on A1 at 2.0/2.0
# What she asked for is taken: she is led to the rest.
removed i1
    → parcel.collected T1 slot A1 of R1
    → says taken_done
    → shows A2=here2 laser on A2 at 2.0/2.0
removed i3
    → parcel.collected T3 slot A2 of R2
    → says taken_done
    → shows nothing
