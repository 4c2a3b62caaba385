# A camera worker that lost its lease is not believed.
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
placed i1 on A1
    → parcel.unidentified i1 slot A1
    → incident.opened i1 slot A1 (unscanned_placement)
stale i2 on B1
moved i1 to B1
    → parcel.moved i1 slot B1 (from_A1)
