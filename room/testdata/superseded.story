# Somebody who scans and walks away makes room for the next.
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
scan T1 for R1
    → parcel.registered T1 slot A1 of R1
    → shows A1=suggest
identified courier C2 FedEx
    → visit.ended
    → parcel.dropped T1 of R1 (never_entered)
    → visit.started
    → says welcome_courier name=C2
    → shows nothing
wait 15m30s
    → visit.ended
