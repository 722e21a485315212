SET LOCAL ROLE fairlead_owner;

-- Takes the place of 0003-append.sql: a database to which that was applied has earlier versions of these functions.

-- Postgres prunes a page when it meets one with less room than the fill factor leaves (a tenth at least). At 70, and at 10 for the one row of the
-- head, that was nearly every visit; now it is one of about ten.
ALTER TABLE fairlead.streams SET (fillfactor = 90);
ALTER TABLE fairlead.log_head SET (fillfactor = 50);

-- RFC 6962 §2.1 Merkle tree hash over concatenated 32-byte leaf hashes. Pairing level by level and carrying an odd last node up
-- unchanged gives the same tree as the RFC's split at the largest power of two. A loop: starting a statement costs as much as hashing thirty nodes.
CREATE OR REPLACE FUNCTION fairlead.merkle_root(leaves bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  level bytea := leaves;
  above bytea;
  piece bytea;
  n integer := length(leaves) / 32;
BEGIN
  WHILE n > 1 LOOP
    above := '';
    -- In pieces, because each concatenation copies what there is.
    FOR start IN 0 .. n / 2 - 1 BY 64 LOOP
      piece := '';
      FOR i IN start .. least(start + 63, n / 2 - 1) LOOP
        piece := piece || sha256('\x01'::bytea || substring(level FROM 64 * i + 1 FOR 64));
      END LOOP;
      above := above || piece;
    END LOOP;
    level := CASE WHEN n % 2 = 1 THEN above || substring(level FROM 32 * n - 31) ELSE above END;
    n := (n + 1) / 2;
  END LOOP;
  RETURN level;
END
$$;

DROP FUNCTION IF EXISTS fairlead.append;

-- Appends one batch: many callers' appends in one call, decided one by one, written set by set.
-- A batch is made of appends (p_group), an append of entries (one for each stream it touches), an entry of events; each event is of a kind, one
-- combination of type, schema version and context, and names it by number. Text lists are joined with U+001E, which no JSON text and no valid
-- name contains. The caller guarantees that a stream which several appends of one batch write is written with expectation "any" by all but the
-- first. Connections that append set the planner options of sql/connections.ts once: as SET clauses of this function they would cost a tenth of a
-- millisecond at each call.
--   p_expected  -1 any, -2 exists, otherwise the exact version (0: no stream yet)
--   p_count     events of the entry; 0 is a condition on a stream that is not written
--   p_start     events before this entry; p_ahead: of those, events on the same stream; p_last: no later entry is on that stream;
--               all three as if every append were accepted
--   p_key       idempotency keys, '' where there is none; NULL when no append has one
CREATE FUNCTION fairlead.append(
  p_batch uuid, p_retry boolean,
  p_group integer[], p_stream text, p_expected integer[], p_count integer[], p_start integer[], p_ahead integer[], p_last boolean[],
  p_key text,
  p_types text, p_schemas smallint[], p_context text,
  p_entry integer[], p_kind integer[], p_id uuid[], p_data text,
  -- positions first and last of the batch when an earlier try of it has been committed; the other results are then NULL
  OUT stored_first bigint, OUT stored_last bigint,
  OUT base bigint, OUT recorded bigint, OUT partition_end bigint,
  -- appends not accepted, versions before the batch for each entry, first results of repeated keys by append
  OUT refused text, OUT versions text, OUT repeated json
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  rs CONSTANT text := E'\x1e';
  v_stream text[] := string_to_array(p_stream, rs);
  v_names text[] := string_to_array(p_types, rs);
  v_key text[] := string_to_array(p_key, rs);
  v_context text[] := string_to_array(p_context, rs);
  v_text text[] := string_to_array(p_data, rs);
  v_data json[] := v_text::json[];
  v_contexts json[] := v_context::json[];
  v_tail text[];
  v_tid tid[];
  v_digest text;
  v_count integer[] := p_count;
  v_start integer[] := p_start;
  v_ahead integer[] := p_ahead;
  v_last boolean[] := p_last;
  v_version integer[];
  v_stream_no bigint[];
  v_known bigint[];
  v_refused integer[];
  v_repeated integer[];
  v_types smallint[];
  v_total integer := cardinality(p_entry);
  -- One event to one stream, as a single caller sends it: the same steps without the machinery for sets, which costs more than the work.
  v_lone boolean := cardinality(p_entry) = 1 AND cardinality(p_count) = 1;
  v_block_no bigint;
  v_prev bytea;
  v_leaves bytea;
  v_root bytea;
  v_hash bytea;
BEGIN
  -- What needs no lock comes first: the payloads and contexts were parsed above, here is the end of each leaf's text.
  IF v_lone THEN
    v_digest := encode(sha256(convert_to(p_data, 'UTF8')), 'hex');
  ELSE
    v_tail := ARRAY(SELECT concat_ws(E'\n', e.id, encode(sha256(convert_to(e.data, 'UTF8')), 'hex'), v_context[e.kind])
      FROM unnest(p_id, v_text, p_kind) AS e(id, data, kind));
  END IF;

  -- From here to the commit one batch at a time: positions are in commit order and have no gaps.
  PERFORM pg_advisory_xact_lock(7136001);
  IF p_retry THEN
    SELECT first_position, last_position INTO stored_first, stored_last FROM fairlead.blocks WHERE batch_id = p_batch;
    IF FOUND THEN
      RETURN;
    END IF;
  END IF;

  IF v_lone THEN
    SELECT h.position, h.block_no, h.block_hash, h.recorded_ms, h.partition_end, ARRAY[coalesce(s.version, 0)], ARRAY[s.stream_no], ARRAY[s.ctid],
        ARRAY[t.type_id],
        CASE WHEN CASE p_expected[1] WHEN -1 THEN false WHEN -2 THEN s.version IS NULL ELSE p_expected[1] <> coalesce(s.version, 0) END THEN ARRAY[1] END
      INTO base, v_block_no, v_prev, recorded, partition_end, v_version, v_stream_no, v_tid, v_types, v_refused
      FROM fairlead.log_head h LEFT JOIN fairlead.streams s ON s.stream_id = p_stream LEFT JOIN fairlead.event_types t ON t.name = p_types;
  ELSE
    SELECT h.position, h.block_no, h.block_hash, h.recorded_ms, h.partition_end, s.versions, s.numbers, s.tids, s.conflicts, t.ids
      INTO base, v_block_no, v_prev, recorded, partition_end, v_version, v_stream_no, v_tid, v_refused, v_types
      FROM fairlead.log_head h, (
        SELECT array_agg(coalesce(s.version, 0) ORDER BY e.i) AS versions, array_agg(s.stream_no ORDER BY e.i) AS numbers,
          array_agg(s.ctid ORDER BY e.i) AS tids,
          array_agg(DISTINCT e.g) FILTER (
            WHERE CASE e.expected WHEN -1 THEN false WHEN -2 THEN s.version IS NULL ELSE e.expected <> coalesce(s.version, 0) END) AS conflicts
        FROM unnest(p_group, v_stream, p_expected) WITH ORDINALITY AS e(g, stream, expected, i) LEFT JOIN fairlead.streams s ON s.stream_id = e.stream
      ) AS s, (
        SELECT array_agg(t.type_id ORDER BY n.i) AS ids
        FROM unnest(v_names) WITH ORDINALITY AS n(name, i) LEFT JOIN fairlead.event_types t ON t.name = n.name
      ) AS t;
  END IF;
  v_known := v_stream_no;

  IF v_key IS NOT NULL THEN
    SELECT array_agg(k.g::integer), json_object_agg(k.g, r.result) INTO v_repeated, repeated
      FROM unnest(v_key) WITH ORDINALITY AS k(key, g) JOIN fairlead.idempotency r ON r.key = k.key WHERE k.key <> '';
    v_refused := v_refused || v_repeated;
  END IF;

  IF v_refused IS NOT NULL THEN
    -- Some appends are out: count again without them.
    SELECT array_agg(n ORDER BY i), array_agg(starts ORDER BY i), array_agg(ahead ORDER BY i), array_agg(later = 0 ORDER BY i), coalesce(sum(n), 0)
      INTO v_count, v_start, v_ahead, v_last, v_total
      FROM (
        SELECT i, n, coalesce(sum(n) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::integer AS starts,
          coalesce(sum(n) OVER (PARTITION BY stream ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::integer AS ahead,
          coalesce(sum(n) OVER (PARTITION BY stream ORDER BY i ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), 0) AS later
        FROM (
          SELECT i, stream, CASE WHEN g = ANY (v_refused) THEN 0 ELSE n END AS n
          FROM unnest(p_group, v_stream, p_count) WITH ORDINALITY AS e(g, stream, n, i)
        ) AS accepted
      ) AS counted;
    refused := array_to_string(v_refused, ',');
  END IF;

  recorded := greatest(recorded, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint);
  versions := array_to_string(v_version, ',');
  IF v_total = 0 THEN
    RETURN;
  END IF;
  IF base + v_total >= partition_end THEN
    partition_end := fairlead.ensure_partitions(base + v_total);
  END IF;

  IF array_position(v_types, NULL) IS NOT NULL THEN
    INSERT INTO fairlead.event_types (name)
      SELECT DISTINCT name FROM unnest(v_names) AS n(name) WHERE NOT EXISTS (SELECT FROM fairlead.event_types t WHERE t.name = n.name);
    SELECT array_agg(t.type_id ORDER BY n.i) INTO v_types
      FROM unnest(v_names) WITH ORDINALITY AS n(name, i) JOIN fairlead.event_types t ON t.name = n.name;
  END IF;

  IF array_position(v_stream_no, NULL) IS NOT NULL THEN
    IF EXISTS (SELECT FROM unnest(v_stream) AS e(stream) WHERE stream = '' OR length(stream) > 255 OR stream ~ '[[:cntrl:]]') THEN
      RAISE EXCEPTION 'a stream name is empty, longer than 255 characters or holds a control character' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO fairlead.streams (stream_id, stream_no, version)
      SELECT stream, base + min(starts) + 1, sum(n)
        FROM unnest(v_stream, v_known, v_start, v_count) AS e(stream, known, starts, n) WHERE known IS NULL AND n > 0 GROUP BY stream;
    SELECT array_agg(s.stream_no ORDER BY e.i) INTO v_stream_no
      FROM unnest(v_stream) WITH ORDINALITY AS e(stream, i) LEFT JOIN fairlead.streams s ON s.stream_id = e.stream;
  END IF;
  -- Rows of streams are found by where they are: under the lock nobody else moves them.
  IF v_lone THEN
    IF v_known[1] IS NOT NULL THEN
      UPDATE fairlead.streams SET version = v_version[1] + 1 WHERE ctid = v_tid[1];
    END IF;
    INSERT INTO fairlead.events (position, stream_no, recorded_ms, event_id, version, type_id, schema_version, context, data)
      VALUES (base + 1, v_stream_no[1], recorded, p_id[1], v_version[1] + 1, v_types[1], p_schemas[1], v_contexts[1], v_data[1]);
    -- The leaf: docs/adr/0001. The context comes last, so that no content of it can be read as another field.
    v_leaves := sha256('\x00'::bytea || convert_to(concat_ws(E'\n', 'fairlead.event.v1', base + 1, p_stream, v_version[1] + 1, p_types,
      p_schemas[1], recorded, p_id[1], v_digest, p_context), 'UTF8'));
  ELSE
    UPDATE fairlead.streams AS s SET version = e.before + e.ahead + e.n
      FROM unnest(v_tid, v_version, v_ahead, v_count, v_last) AS e(tid, before, ahead, n, last)
      WHERE e.n > 0 AND e.last AND s.ctid = e.tid;

    INSERT INTO fairlead.events (position, stream_no, recorded_ms, event_id, version, type_id, schema_version, context, data)
      SELECT base + v_start[e.entry] + (e.i - p_start[e.entry]), v_stream_no[e.entry], recorded, e.id,
          v_version[e.entry] + v_ahead[e.entry] + (e.i - p_start[e.entry]), v_types[e.kind], p_schemas[e.kind], v_contexts[e.kind], e.data
        FROM unnest(p_entry, p_kind, p_id, v_data) WITH ORDINALITY AS e(entry, kind, id, data, i) WHERE v_count[e.entry] > 0;
    -- A scan of unnest gives the elements in their order; sorting them again would cost as much as joining them.
    SELECT string_agg(sha256('\x00'::bytea || convert_to(concat_ws(E'\n', 'fairlead.event.v1', base + v_start[e.entry] + (e.i - p_start[e.entry]),
        v_stream[e.entry], v_version[e.entry] + v_ahead[e.entry] + (e.i - p_start[e.entry]), v_names[e.kind], p_schemas[e.kind], recorded, e.tail),
        'UTF8')), ''::bytea)
      INTO v_leaves FROM unnest(p_entry, p_kind, v_tail) WITH ORDINALITY AS e(entry, kind, tail, i) WHERE v_count[e.entry] > 0;
  END IF;

  v_root := CASE WHEN v_total = 1 THEN v_leaves ELSE fairlead.merkle_root(v_leaves) END;
  v_hash := sha256(convert_to(concat_ws(E'\n', 'fairlead.block.v1', v_block_no + 1, base + 1, base + v_total, recorded,
    encode(v_prev, 'hex'), encode(v_root, 'hex')), 'UTF8'));
  IF v_key IS NOT NULL THEN
    INSERT INTO fairlead.idempotency (key, position, result)
      SELECT v_key[g], max(base + starts + n),
          json_build_object('position', max(base + starts + n), 'streams', json_agg(json_build_object('stream', stream, 'version', version + ahead + n) ORDER BY i))
        FROM unnest(p_group, v_stream, v_start, v_ahead, v_count, v_version) WITH ORDINALITY AS e(g, stream, starts, ahead, n, version, i)
        WHERE n > 0 AND v_key[g] <> '' GROUP BY g;
  END IF;

  WITH block AS (
    INSERT INTO fairlead.blocks (block_no, first_position, last_position, recorded_ms, batch_id, root, prev, hash, leaves)
      VALUES (v_block_no + 1, base + 1, base + v_total, recorded, p_batch, v_root, v_prev, v_hash, v_leaves)
  )
  UPDATE fairlead.log_head SET position = base + v_total, block_no = v_block_no + 1, block_hash = v_hash, recorded_ms = recorded,
    partition_end = append.partition_end;
END
$$;

-- Keys are for retries, and nobody retries for ever. Returns how many were forgotten.
CREATE OR REPLACE FUNCTION fairlead.forget_keys(upto bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH forgotten AS (DELETE FROM fairlead.idempotency WHERE position <= upto RETURNING 1) SELECT count(*) FROM forgotten
$$;

REVOKE EXECUTE ON FUNCTION fairlead.append, fairlead.merkle_root, fairlead.forget_keys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fairlead.append, fairlead.merkle_root, fairlead.forget_keys TO fairlead_app;
