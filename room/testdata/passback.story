# Somebody who was never seen to leave is let in again: told, never trapped.
slot A1 shelf 900
resident R1 Ann Lee 4B
camera ok
    → shows nothing
people gone
identified resident R1
    → visit.started of R1
    → door.unlocked of R1 (identified)
    → unlocks, fence 1
door opened
    → door.opened of R1
    → visit.entered of R1 (door)
    → says taken_done
door closed
    → door.closed
wait 5s
identified resident R1
    → incident.opened (passback)
    → door.unlocked of R1 (passback)
    → unlocks, fence 2
door opened
    → door.opened of R1
door closed
    → door.closed
door exit
    → visit.leaving of R1
door opened
    → door.opened (exit)
door closed
    → door.closed
identified resident R1
    → door.unlocked of R1 (identified)
    → unlocks, fence 3
door opened
    → door.opened of R1
door closed
    → door.closed
door exit
    → visit.leaving of R1
door opened
    → door.opened (exit)
door closed
    → door.closed
wait 10s
    → visit.ended of R1
    → incident.resolved (passback) by itself
