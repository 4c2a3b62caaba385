-- +goose Up

-- A laser whose dot is not where its calibration says.
ALTER TABLE incidents DROP CONSTRAINT incidents_kind_check;
ALTER TABLE incidents ADD CONSTRAINT incidents_kind_check CHECK (kind IN ('unscanned_placement', 'scan_without_placement',
    'wrong_parcel', 'missing', 'door_forced', 'door_held', 'door_fault', 'entry_without_delivery', 'camera_lost',
    'guessing', 'passback', 'laser_off'));
