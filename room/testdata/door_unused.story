# A grant that nobody uses ends, and that is told once.
slot A1 shelf 900
resident R1 Ann Lee 4B
camera ok
    → shows nothing
people gone
identified resident R1
    → visit.started of R1
    → door.unlocked of R1 (identified)
    → unlocks, fence 1
wait 30s
    → door.locked of R1 (unused)
identified resident R1
    → door.unlocked of R1 (identified)
    → unlocks, fence 2
wait 3s
door opened
    → door.opened of R1
    → visit.entered of R1 (door)
    → says taken_done
