SET LOCAL ROLE fairlead_owner;

-- One row for each stream. stream_no is the position of the stream's first event: unique, ascending, no sequence to draw from.
CREATE TABLE fairlead.streams (
  stream_no bigint NOT NULL UNIQUE,
  version integer NOT NULL,
  stream_id text COLLATE "C" PRIMARY KEY -- no CHECK here: it would run at every update; fairlead.append checks the names of new streams
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);

CREATE TABLE fairlead.event_types (
  type_id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,119}$')
);

-- data and context are json, not jsonb: the bytes that were hashed are the bytes that are read back (docs/adr/0001).
CREATE TABLE fairlead.events (
  position bigint NOT NULL,
  stream_no bigint NOT NULL,
  recorded_ms bigint NOT NULL,
  event_id uuid NOT NULL,
  version integer NOT NULL,
  type_id smallint NOT NULL,
  schema_version smallint NOT NULL,
  context json NOT NULL,
  data json NOT NULL,
  PRIMARY KEY (position)
) PARTITION BY RANGE (position);

-- One row for each batch. leaves holds the 32-byte leaf hashes in position order, so that a bad event can be named, not only a bad block.
CREATE TABLE fairlead.blocks (
  block_no bigint PRIMARY KEY,
  first_position bigint NOT NULL,
  last_position bigint NOT NULL,
  recorded_ms bigint NOT NULL,
  batch_id uuid NOT NULL UNIQUE,
  root bytea NOT NULL,
  prev bytea NOT NULL,
  hash bytea NOT NULL,
  leaves bytea NOT NULL
);
ALTER TABLE fairlead.blocks ALTER COLUMN leaves SET STORAGE EXTERNAL;
CREATE INDEX blocks_last_position ON fairlead.blocks (last_position);
CREATE INDEX blocks_recorded ON fairlead.blocks (recorded_ms);

CREATE TABLE fairlead.log_head (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  log_id uuid NOT NULL,
  position bigint NOT NULL,
  block_no bigint NOT NULL,
  block_hash bytea NOT NULL,
  recorded_ms bigint NOT NULL,
  partition_end bigint NOT NULL,
  partition_size bigint NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0.01);

-- The first block's prev commits to the log's own identity, so that two logs never share a chain.
INSERT INTO fairlead.log_head (log_id, position, block_no, block_hash, recorded_ms, partition_end, partition_size)
SELECT id, 0, 0, sha256(convert_to(E'fairlead.log.v1\n' || id, 'UTF8')), 0, 0,
    coalesce(nullif(current_setting('fairlead.partition_size', true), ''), '10000000')::bigint
  FROM (SELECT gen_random_uuid() AS id) AS made;

CREATE TABLE fairlead.idempotency (
  position bigint NOT NULL,
  key text COLLATE "C" PRIMARY KEY CHECK (length(key) <= 300),
  result json NOT NULL
);
-- Rows arrive in position order, so a block range index finds the old ones for next to nothing.
CREATE INDEX idempotency_position ON fairlead.idempotency USING brin (position);

CREATE FUNCTION fairlead.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'fairlead.% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fairlead.events FOR EACH STATEMENT EXECUTE FUNCTION fairlead.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fairlead.blocks FOR EACH STATEMENT EXECUTE FUNCTION fairlead.refuse_change();
ALTER TABLE fairlead.events ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE fairlead.blocks ENABLE ALWAYS TRIGGER append_only;

-- Where each partition is: attached, or exported to archive files (named by their manifest) and dropped.
CREATE TABLE fairlead.log_partitions (
  first_position bigint PRIMARY KEY,
  partition_end bigint NOT NULL,
  manifest text,
  manifest_sha256 bytea,
  archived_at timestamptz
);

-- Makes sure that every position up to `upto` and one partition's worth beyond has a home; returns the end (exclusive) of the last one.
-- A table is made alone and then attached: that never waits for readers of the log, and appends never wait for it.
CREATE FUNCTION fairlead.ensure_partitions(upto bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  size bigint := (SELECT partition_size FROM fairlead.log_head);
  starts bigint;
  ends bigint;
  part text;
BEGIN
  ends := coalesce((SELECT max(partition_end) FROM fairlead.log_partitions), 1);
  IF ends > upto + size THEN
    RETURN ends;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('fairlead.partitions', 0));
  ends := coalesce((SELECT max(partition_end) FROM fairlead.log_partitions), 1);
  WHILE ends <= upto + size LOOP
    starts := ends;
    ends := starts + size;
    part := 'events_' || lpad(starts::text, 16, '0');
    EXECUTE format('CREATE TABLE fairlead.%I (LIKE fairlead.events, PRIMARY KEY (position), UNIQUE (stream_no, version), '
      'CHECK (position >= %s AND position < %s))', part, starts, ends);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fairlead.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION fairlead.refuse_change()', part);
    EXECUTE format('ALTER TABLE fairlead.%I ENABLE ALWAYS TRIGGER append_only', part);
    EXECUTE format('ALTER TABLE fairlead.events ATTACH PARTITION fairlead.%I FOR VALUES FROM (%s) TO (%s)', part, starts, ends);
    INSERT INTO fairlead.log_partitions (first_position, partition_end) VALUES (starts, ends);
  END LOOP;
  RETURN ends;
END
$$;

SELECT fairlead.ensure_partitions(0);
UPDATE fairlead.log_head SET partition_end = (SELECT max(partition_end) FROM fairlead.log_partitions);

REVOKE EXECUTE ON FUNCTION fairlead.ensure_partitions(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fairlead.ensure_partitions(bigint) TO fairlead_app;
GRANT SELECT ON fairlead.streams, fairlead.event_types, fairlead.events, fairlead.blocks, fairlead.log_head, fairlead.log_partitions, fairlead.idempotency TO fairlead_app;
