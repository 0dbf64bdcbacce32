-- Runs once, when the database is created.
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE TABLE IF NOT EXISTS staging_origin (
  created_at timestamptz NOT NULL DEFAULT now(),
  note text NOT NULL
);
INSERT INTO staging_origin (note) VALUES ('created by the init SQL');
