-- +goose Up

-- Nouns are kept whole in "body", as their JSON; the columns beside it are
-- generated from it, so that the two can never differ.

-- +goose StatementBegin
CREATE FUNCTION body_time(body jsonb, field text) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN nullif(body ->> field, '0001-01-01T00:00:00Z')::timestamptz; -- Go writes times with their zone
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION fold(t text) RETURNS text -- lower case, no accents
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(regexp_replace(normalize(coalesce(t, ''), NFKD), '[\u0300-\u036f]', '', 'g'));
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION squeeze(t text) RETURNS text -- fold, letters and digits only
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(fold(t), '[^[:alnum:]]', '', 'g');
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION name_words(t text) RETURNS text[] -- "O'Brien": o, brien, obrien
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_remove(regexp_split_to_array(fold(t), '[^[:alnum:]]+')
        || regexp_split_to_array(regexp_replace(fold(t), '[^[:alnum:]\s]', '', 'g'), '\s+'), '');
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION exact_words(t text) RETURNS text[] -- "12 B": =12b, =12, =b
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_remove(string_to_array('=' || squeeze(t) || ' ='
        || regexp_replace(regexp_replace(fold(t), '[^[:alnum:]\s]', '', 'g'), '\s+', ' =', 'g'), ' '), '=');
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION number_words(t text) RETURNS text[] -- found by its beginning and by its end
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN squeeze(t) = '' THEN '{}'::text[] ELSE ARRAY[squeeze(t), '~' || reverse(squeeze(t))] END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION resident_search(first_name text, last_name text, aliases text[], unit text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(name_words(concat_ws(' ', first_name, last_name, array_to_string(aliases, ' '))) || exact_words(unit));
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION parcel_search(body jsonb) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_to_tsvector(name_words(body ->> 'name') || name_words(body ->> 'carrier')
        || exact_words(body ->> 'unit') || exact_words(body ->> 'slot') || number_words(body ->> 'tracking'));
-- +goose StatementEnd

-- Every word of q must begin a word, be a whole unit or slot, or begin or end a number.
-- +goose StatementBegin
CREATE FUNCTION search_query(q text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT coalesce(string_agg(format('(''%s'':* | ''=%s'' | ''~%s'':*)', w, w, reverse(w)), ' & '), '')::tsquery
        FROM (SELECT squeeze(w) AS w FROM regexp_split_to_table(q, '\s+') AS w) AS words WHERE w <> '');
-- +goose StatementEnd

-- A room: who may write it (epoch rises with every owner) and the head of its
-- event log.
CREATE TABLE rooms (
    property text   NOT NULL CHECK (property <> ''),
    room     text   NOT NULL CHECK (room <> ''),
    epoch    bigint NOT NULL DEFAULT 0,
    seq      bigint NOT NULL DEFAULT 0 CHECK (seq >= 0),
    hash     bytea  NOT NULL DEFAULT '' CHECK ((seq = 0) = (hash = '')),
    PRIMARY KEY (property, room)
);

-- The event log. data is text, byte for byte as hashed.
CREATE TABLE events (
    property text        NOT NULL,
    room     text        NOT NULL,
    seq      bigint      NOT NULL CHECK (seq > 0),
    id       text        NOT NULL CHECK (id <> ''),
    kind     text        NOT NULL CHECK (kind ~ '^[a-z_]+\.[a-z_]+\.v[0-9]+$'),
    time     timestamptz NOT NULL,
    visit    text        NOT NULL,
    parcel   text        NOT NULL,
    resident text        NOT NULL,
    courier  text        NOT NULL,
    carrier  text        NOT NULL,
    slot     text        NOT NULL,
    camera   text        NOT NULL,
    pictures text[]      NOT NULL,
    reason   text        NOT NULL,
    "by"     text        NOT NULL,
    data     text        NOT NULL,
    prev     bytea       NOT NULL CHECK (length(prev) = CASE WHEN seq = 1 THEN 0 ELSE 32 END),
    hash     bytea       NOT NULL CHECK (length(hash) = 32),
    search   tsvector    NOT NULL GENERATED ALWAYS AS (array_to_tsvector(name_words(kind || ' ' || reason || ' ' || carrier || ' ' || "by")
        || exact_words(slot))) STORED,
    PRIMARY KEY (property, room, seq),
    UNIQUE (property, room, id),
    FOREIGN KEY (property, room) REFERENCES rooms
);
CREATE INDEX events_kind     ON events (property, room, kind, seq);
CREATE INDEX events_visit    ON events (property, room, visit, seq);
CREATE INDEX events_parcel   ON events (property, room, parcel, seq);
CREATE INDEX events_resident ON events (property, room, resident, seq);
CREATE INDEX events_courier  ON events (property, room, courier, seq);
CREATE INDEX events_carrier  ON events (property, room, carrier, seq);
CREATE INDEX events_slot     ON events (property, room, slot, seq);
CREATE INDEX events_search   ON events USING gin (search) WITH (fastupdate = off);
CREATE INDEX events_time     ON events (property, room, time, seq);

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the event log only grows: % of % refused', lower(TG_OP), TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER events_only_grow BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_never_emptied BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Events that are not on the bus yet.
CREATE TABLE outbox (
    property text   NOT NULL,
    room     text   NOT NULL,
    seq      bigint NOT NULL,
    PRIMARY KEY (property, room, seq),
    FOREIGN KEY (property, room, seq) REFERENCES events
);

-- Inputs that were committed.
CREATE TABLE inbox (
    property text        NOT NULL,
    room     text        NOT NULL,
    id       text        NOT NULL CHECK (id <> ''),
    at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (property, room, id)
);

CREATE TABLE residents (
    property   text   NOT NULL,
    id         text   NOT NULL CHECK (id <> ''),
    first_name text   NOT NULL,
    last_name  text   NOT NULL,
    unit       text   NOT NULL,
    status     text   NOT NULL CHECK (status IN ('future', 'current', 'notice', 'past')),
    aliases    text[] NOT NULL,
    email      text   NOT NULL,
    phone      text   NOT NULL,
    language   text   NOT NULL,
    search     tsvector NOT NULL GENERATED ALWAYS AS (resident_search(first_name, last_name, aliases, unit)) STORED,
    PRIMARY KEY (property, id)
);
CREATE INDEX residents_search ON residents USING gin (search) WITH (fastupdate = off);
CREATE INDEX residents_name   ON residents (property, last_name, first_name, id);

CREATE TABLE couriers (
    property text    NOT NULL,
    id       text    NOT NULL CHECK (id <> ''),
    name     text    NOT NULL,
    carrier  text    NOT NULL,
    active   boolean NOT NULL,
    search   tsvector NOT NULL GENERATED ALWAYS AS (array_to_tsvector(name_words(name))) STORED,
    PRIMARY KEY (property, id)
);

CREATE TABLE credentials (
    property   text        NOT NULL,
    id         text        NOT NULL CHECK (id <> ''),
    kind       text        NOT NULL CHECK (kind IN ('pickup', 'courier', 'staff')),
    form       text        NOT NULL CHECK (form IN ('pin', 'qr', 'card')),
    holder     text        NOT NULL CHECK (holder <> ''),
    hash       bytea       NOT NULL CHECK (length(hash) = 32),
    valid_from timestamptz,
    valid_to   timestamptz,
    revoked    timestamptz,
    used       timestamptz,
    created    timestamptz NOT NULL,
    PRIMARY KEY (property, id)
);
CREATE UNIQUE INDEX credentials_usable ON credentials (property, hash) WHERE revoked IS NULL AND used IS NULL;
CREATE INDEX credentials_hash   ON credentials (property, hash, created);
CREATE INDEX credentials_holder ON credentials (property, holder, created);

CREATE TABLE throttles (
    property text   NOT NULL,
    key      text   NOT NULL CHECK (key <> ''),
    failures bigint NOT NULL CHECK (failures >= 0),
    until    timestamptz,
    PRIMARY KEY (property, key)
);

CREATE TABLE visits (
    property text  NOT NULL,
    room     text  NOT NULL,
    id       text  NOT NULL CHECK (id <> '' AND id = body ->> 'id'),
    body     jsonb NOT NULL,
    kind     text  NOT NULL GENERATED ALWAYS AS (body ->> 'kind') STORED CHECK (kind IN ('courier', 'resident', 'staff')),
    phase    text  NOT NULL GENERATED ALWAYS AS (body ->> 'phase') STORED CHECK (phase IN ('granted', 'inside', 'ended')),
    kiosk    text  GENERATED ALWAYS AS (body ->> 'kiosk') STORED,
    holder   text  GENERATED ALWAYS AS (body ->> 'holder') STORED,
    carrier  text  GENERATED ALWAYS AS (body ->> 'carrier') STORED,
    started  timestamptz NOT NULL GENERATED ALWAYS AS (body_time(body, 'started')) STORED,
    ended    timestamptz GENERATED ALWAYS AS (body_time(body, 'ended')) STORED,
    search   tsvector NOT NULL GENERATED ALWAYS AS (array_to_tsvector(name_words(body ->> 'name') || exact_words(body ->> 'unit'))) STORED,
    PRIMARY KEY (property, room, id)
);
CREATE INDEX visits_open    ON visits (property, room) WHERE phase <> 'ended';
CREATE INDEX visits_started ON visits (property, room, started, id);
CREATE INDEX visits_holder  ON visits (property, room, holder, started);
CREATE INDEX visits_search  ON visits USING gin (search) WITH (fastupdate = off);

CREATE TABLE parcels (
    property   text    NOT NULL,
    room       text    NOT NULL,
    id         text    NOT NULL CHECK (id <> '' AND id = body ->> 'id'),
    body       jsonb   NOT NULL,
    state      text    NOT NULL GENERATED ALWAYS AS (body ->> 'state') STORED CHECK (state IN ('registered', 'stored',
        'unidentified', 'collected', 'missing', 'held', 'returned', 'expired', 'merged', 'dropped')),
    over       boolean NOT NULL GENERATED ALWAYS AS (body ->> 'state' IN ('collected', 'returned', 'expired', 'merged', 'dropped')) STORED,
    resident   text    GENERATED ALWAYS AS (nullif(body ->> 'resident', '')) STORED,
    carrier    text    GENERATED ALWAYS AS (body ->> 'carrier') STORED,
    tracking   text    NOT NULL GENERATED ALWAYS AS (squeeze(body ->> 'tracking')) STORED,
    courier    text    GENERATED ALWAYS AS (body ->> 'courier') STORED,
    visit      text    GENERATED ALWAYS AS (body ->> 'visit') STORED,
    slot       text    GENERATED ALWAYS AS (body ->> 'slot') STORED,
    registered timestamptz GENERATED ALWAYS AS (body_time(body, 'registered')) STORED,
    stored     timestamptz GENERATED ALWAYS AS (body_time(body, 'stored')) STORED,
    ended      timestamptz GENERATED ALWAYS AS (body_time(body, 'ended')) STORED,
    came       timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(body_time(body, 'registered'), body_time(body, 'stored'), body_time(body, 'ended'), '-infinity')) STORED,
    search     tsvector NOT NULL GENERATED ALWAYS AS (parcel_search(body)) STORED,
    PRIMARY KEY (property, room, id),
    FOREIGN KEY (property, resident) REFERENCES residents DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX parcels_open     ON parcels (property, room) WHERE NOT over;
CREATE INDEX parcels_came     ON parcels (property, room, came, id);
CREATE INDEX parcels_resident ON parcels (property, room, resident, came);
CREATE INDEX parcels_tracking ON parcels (property, room, tracking) WHERE tracking <> '';
CREATE INDEX parcels_visit    ON parcels (property, room, visit);
CREATE INDEX parcels_search   ON parcels USING gin (search) WITH (fastupdate = off);

CREATE TABLE items (
    property text  NOT NULL,
    room     text  NOT NULL,
    id       text  NOT NULL CHECK (id <> '' AND id = body ->> 'key'),
    body     jsonb NOT NULL,
    camera   text  GENERATED ALWAYS AS (body ->> 'camera') STORED,
    slot     text  GENERATED ALWAYS AS (body ->> 'slot') STORED,
    parcel   text  GENERATED ALWAYS AS (nullif(body ->> 'parcel', '')) STORED,
    PRIMARY KEY (property, room, id),
    FOREIGN KEY (property, room, parcel) REFERENCES parcels DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE incidents (
    property text  NOT NULL,
    room     text  NOT NULL,
    id       text  NOT NULL CHECK (id <> '' AND id = body ->> 'id'),
    body     jsonb NOT NULL,
    kind     text  NOT NULL GENERATED ALWAYS AS (body ->> 'kind') STORED CHECK (kind IN ('unscanned_placement',
        'scan_without_placement', 'wrong_parcel', 'missing', 'door_forced', 'door_held', 'door_fault',
        'entry_without_delivery', 'camera_lost')),
    visit    text  GENERATED ALWAYS AS (body ->> 'visit') STORED,
    parcel   text  GENERATED ALWAYS AS (body ->> 'parcel') STORED,
    opened   timestamptz NOT NULL GENERATED ALWAYS AS (body_time(body, 'opened')) STORED,
    resolved timestamptz GENERATED ALWAYS AS (body_time(body, 'resolved')) STORED,
    PRIMARY KEY (property, room, id)
);
CREATE INDEX incidents_open   ON incidents (property, room) WHERE resolved IS NULL;
CREATE INDEX incidents_opened ON incidents (property, room, opened, id);

CREATE TABLE slots (
    property text  NOT NULL,
    room     text  NOT NULL,
    id       text  NOT NULL CHECK (id <> '' AND id = body ->> 'id'),
    body     jsonb NOT NULL,
    PRIMARY KEY (property, room, id)
);

CREATE TABLE cameras (
    property text  NOT NULL,
    room     text  NOT NULL,
    id       text  NOT NULL CHECK (id <> '' AND id = body ->> 'camera'),
    body     jsonb NOT NULL,
    PRIMARY KEY (property, room, id)
);

-- The newest lease revision of each camera; it never falls.
CREATE TABLE fences (
    property text   NOT NULL,
    room     text   NOT NULL,
    camera   text   NOT NULL CHECK (camera <> ''),
    fence    bigint NOT NULL CHECK (fence >= 0),
    PRIMARY KEY (property, room, camera)
);

-- Nobody enters without a committed grant.
CREATE TABLE grants (
    property text        NOT NULL,
    room     text        NOT NULL,
    id       text        NOT NULL CHECK (id <> ''),
    visit    text        NOT NULL,
    door     text        NOT NULL,
    fence    bigint      NOT NULL CHECK (fence > 0),
    issued   timestamptz NOT NULL,
    expires  timestamptz NOT NULL CHECK (expires > issued),
    PRIMARY KEY (property, room, id),
    UNIQUE (property, room, door, fence),
    FOREIGN KEY (property, room, visit) REFERENCES visits DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX grants_fence ON grants (property, room, fence);

CREATE TABLE messages (
    property text        NOT NULL,
    room     text        NOT NULL,
    id       text        NOT NULL CHECK (id <> '' AND id = body ->> 'id'),
    body     jsonb       NOT NULL,
    kind     text        NOT NULL GENERATED ALWAYS AS (body ->> 'kind') STORED CHECK (kind IN ('stored', 'collected')),
    queued   timestamptz NOT NULL GENERATED ALWAYS AS (body_time(body, 'queued')) STORED,
    sealed   bytea,       -- AES-GCM of the secret; NULL = none, or wiped
    planned  timestamptz, -- when it was turned into deliveries
    PRIMARY KEY (property, room, id)
);
CREATE INDEX messages_unplanned ON messages (property, room, queued, id) WHERE planned IS NULL;

CREATE TABLE deliveries (
    property  text        NOT NULL,
    room      text        NOT NULL,
    id        text        NOT NULL CHECK (id <> ''),
    message   text        NOT NULL,
    channel   text        NOT NULL CHECK (channel <> ''),
    recipient text        NOT NULL,
    state     text        NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    tries     bigint      NOT NULL CHECK (tries >= 0),
    next      timestamptz NOT NULL,
    error     text        NOT NULL,
    sent      timestamptz CHECK ((sent IS NOT NULL) = (state = 'sent')),
    subject   text        NOT NULL,
    text      text        NOT NULL,
    html      text        NOT NULL,
    provider  text        NOT NULL,
    created   timestamptz NOT NULL,
    PRIMARY KEY (property, room, id),
    UNIQUE (property, room, message, channel, recipient),
    FOREIGN KEY (property, room, message) REFERENCES messages
);
CREATE INDEX deliveries_due     ON deliveries (property, room, next) WHERE state IN ('queued', 'sending');
CREATE INDEX deliveries_created ON deliveries (property, room, created, id);

CREATE TABLE managers (
    property      text        NOT NULL,
    id            text        NOT NULL CHECK (id <> ''),
    email         text        NOT NULL CHECK (email <> ''),
    name          text        NOT NULL,
    password_hash text        NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    created       timestamptz NOT NULL,
    PRIMARY KEY (property, id)
);
CREATE UNIQUE INDEX managers_email ON managers (property, lower(email));

CREATE TABLE sessions (
    property text        NOT NULL,
    hash     bytea       NOT NULL CHECK (length(hash) >= 16),
    manager  text        NOT NULL,
    expires  timestamptz NOT NULL,
    PRIMARY KEY (property, hash),
    FOREIGN KEY (property, manager) REFERENCES managers ON DELETE CASCADE
);
