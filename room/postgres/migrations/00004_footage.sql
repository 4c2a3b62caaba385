-- +goose Up

-- The footage that is kept for events, as vision saved it.
CREATE TABLE clips (
    property text  NOT NULL,
    room     text  NOT NULL,
    id       text  NOT NULL CHECK (id <> '' AND id = body ->> 'id'),
    body     jsonb NOT NULL CHECK (jsonb_typeof(body -> 'events') = 'array'),
    camera   text  NOT NULL GENERATED ALWAYS AS (body ->> 'camera') STORED CHECK (camera <> ''),
    sha256   text  GENERATED ALWAYS AS (nullif(body ->> 'sha256', '')) STORED CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    begins   timestamptz NOT NULL GENERATED ALWAYS AS (body_time(body, 'from')) STORED,
    ends     timestamptz NOT NULL GENERATED ALWAYS AS (body_time(body, 'to')) STORED CHECK (ends > begins),
    PRIMARY KEY (property, room, id)
);
CREATE INDEX clips_events ON clips USING gin ((body -> 'events'));
CREATE INDEX clips_begins ON clips (property, room, begins, id);

-- What managers may do besides their daily work. Whoever made the first account
-- of a building answers for it.
ALTER TABLE managers ADD COLUMN role text NOT NULL DEFAULT 'manager' CHECK (role IN ('manager', 'supervisor'));
UPDATE managers m SET role = 'supervisor'
    WHERE created = (SELECT min(created) FROM managers f WHERE f.property = m.property);

-- A disk that is too small for the footage.
ALTER TABLE incidents DROP CONSTRAINT incidents_kind_check;
ALTER TABLE incidents ADD CONSTRAINT incidents_kind_check CHECK (kind IN ('unscanned_placement', 'scan_without_placement',
    'wrong_parcel', 'missing', 'door_forced', 'door_held', 'door_fault', 'entry_without_delivery', 'camera_lost',
    'guessing', 'passback', 'laser_off', 'footage_low'));
