-- +goose Up

-- A unit and six digits, where a building prefers that to eight.
ALTER TABLE credentials DROP CONSTRAINT credentials_form_check;
ALTER TABLE credentials ADD CONSTRAINT credentials_form_check CHECK (form IN ('pin', 'unit_pin', 'qr', 'card'));
