# Staff are led to packages by number; nobody is led to what is not there, nor to
# what is somebody else's.
slot A1 shelf 900
slot B1 shelf 1600
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
placed i2 on B1
    → parcel.unidentified i2 slot B1
    → incident.opened i2 slot B1 (unscanned_placement)
    → prompt.spoken slot B1 (prompt.unscanned)
    → says unscanned count=1 slot=B1
    → shows B1=warn
lead to T1
    → refused: lead to packages: invalid: a courier is led by scanning labels
done
    → prompt.spoken slot B1 (prompt.unscanned)
    → says unscanned count=1 slot=B1
    → warns unscanned
door exit
door opened
door closed
    → door.closed
wait 3s
    → visit.ended
    → shows nothing
identified resident R2
    → visit.started of R2
    → door.unlocked of R2 (identified)
    → unlocks, fence 2
lead to T1
    → refused: lead to package "003": not found
done
    → visit.ended of R2
manager ann unlocks
    → visit.started (inspection) by ann
    → door.unlocked (inspection) by ann
    → unlocks, fence 3
door opened
    → door.opened by ann
    → visit.entered (door) by ann
lead to i2 T1
    → guide.stepped i2 slot B1 (asked) by ann
    → says take count=2 row=high slot=B1
    → shows A1=here B1=here laser on B1 at 2.0/2.0
removed i2
    → parcel.taken i2 slot B1
    → says taken_next count=1 row=middle slot=A1
    → shows A1=here laser on A1 at 2.0/2.0
removed i1
    → parcel.taken T1 slot A1 of R1
    → says taken_done
    → shows nothing
