# What a kiosk may ask wrongly gets a clear answer and changes nothing.
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
scan T1 for R1
    → refused: visit "": conflict: it has ended
identified courier C1 UPS
    → visit.started
    → says welcome_courier name=C1
scan T1 for R3
    → refused: register a package: conflict: Cy Past does not live here now (past); choose another resident or "unknown"
scan T1 for R1
    → parcel.registered T1 slot A1 of R1
    → shows A1=suggest
scan T1 for R1
    → warns already_scanned
scan T1 for R1 again
    → parcel.registered #005 slot A2 of R1
    → shows A1=suggest A2=suggest
undo T1
    → parcel.dropped T1 of R1 (undone)
    → shows A2=suggest
undo T9
    → refused: package "": invalid: it does not belong to this visit
by-hand T1 on Z9
    → refused: package "003": invalid: it does not belong to this visit
