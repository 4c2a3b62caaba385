-- +goose Up

-- Residents' own credentials and passes; hours of the week; who carries a pass.
ALTER TABLE credentials DROP CONSTRAINT credentials_kind_check;
ALTER TABLE credentials ADD CONSTRAINT credentials_kind_check CHECK (kind IN ('pickup', 'standing', 'pass', 'courier', 'staff'));
ALTER TABLE credentials ADD COLUMN hours jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(hours) = 'array');
ALTER TABLE credentials ADD COLUMN label text NOT NULL DEFAULT '';

-- Somebody guesses; one credential entered twice without leaving.
ALTER TABLE incidents DROP CONSTRAINT incidents_kind_check;
ALTER TABLE incidents ADD CONSTRAINT incidents_kind_check CHECK (kind IN ('unscanned_placement', 'scan_without_placement',
    'wrong_parcel', 'missing', 'door_forced', 'door_held', 'door_fault', 'entry_without_delivery', 'camera_lost',
    'guessing', 'passback'));
