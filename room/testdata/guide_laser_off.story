# A laser whose dot is not where it should be stays dark until it is seen to be
# right again.
slot A1 shelf 900
slot B1 shelf 1600
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
placed i1 on A1
    → parcel.stored T1 slot A1 of R1
    → says placed name=Ann Lee slot=A1 unit=4B
    → tells R1: stored T1
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
    → shows A1=here laser on A1 at 2.0/2.0
door opened
    → door.opened of R1
    → visit.entered of R1 (door)
    → says take count=1 row=middle slot=A1
# The slot's middle is 50/25 and a pixel is 10 mm.
dot for A1 at 51 25
dot for A1 at 54 25
    → incident.opened slot A1 (laser_off)
    → shows A1=here
dot for B1 at 50 30
dot for B1 at 50 25
    → incident.resolved slot A1 (laser_off) by itself
    → shows A1=here laser on A1 at 2.0/2.0
dot for Z9 at 50 25
    → refused: check the laser at slot "Z9": not found: it has no laser
