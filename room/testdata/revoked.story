# A courier's credential is taken away in the middle: it opens nothing any more, at once.
slot A1 shelf 900
resident R1 Ann Lee 4B
camera ok
    → shows nothing
people gone
identified courier C1 UPS
    → visit.started
    → says welcome_courier name=C1
revoke cred of C1
    → visit.ended
open
    → refused: visit "001": conflict: it has ended
identified courier C2 DHL
    → visit.started
    → says welcome_courier name=C2
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
door closed
    → door.closed
open
    → incident.opened (passback)
    → door.unlocked (passback)
    → unlocks, fence 2
revoke other of C2
revoke cred of C2
    → locks
open
    → refused: open the door: conflict: this PIN or card was taken away; please call the building’s staff
door exit
    → prompt.spoken (prompt.not_placed)
    → visit.leaving
    → says not_placed count=1
door opened
    → door.opened (exit)
door closed
    → door.closed
wait 10s
    → visit.ended
    → incident.resolved (passback) by itself
    → incident.opened T1 (scan_without_placement)
    → shows nothing
