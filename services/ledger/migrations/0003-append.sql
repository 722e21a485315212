SET LOCAL ROLE fairlead_owner;

-- RFC 6962 §2.1 Merkle tree hash over concatenated 32-byte leaf hashes. Pairing level by level and carrying an odd last node up
-- unchanged gives the same tree as the RFC's split at the largest power of two.
CREATE FUNCTION fairlead.merkle_root(leaves bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
  level bytea := leaves;
  n integer := length(leaves) / 32;
BEGIN
  WHILE n > 1 LOOP
    SELECT string_agg(
        CASE WHEN 2 * i + 1 < n THEN sha256('\x01'::bytea || substring(level FROM 64 * i + 1 FOR 64)) ELSE substring(level FROM 64 * i + 1 FOR 32) END,
        ''::bytea ORDER BY i)
      INTO level FROM generate_series(0, (n - 1) / 2) AS i;
    n := (n + 1) / 2;
  END LOOP;
  RETURN level;
END
$$;

-- Appends one batch: many callers' appends in one call, decided one by one, written set by set.
-- A batch is made of appends (p_group), an append of entries (one for each stream it touches), an entry of events. Text lists are joined
-- with U+001E, which no JSON text and no valid name contains. The caller guarantees that a stream which several appends of one batch
-- write is written with expectation "any" by all but the first. Connections that append set the planner options of sql/connections.ts once:
-- as SET clauses of this function they would cost a tenth of a millisecond at each call.
--   p_expected  -1 any, -2 exists, otherwise the exact version (0: no stream yet)
--   p_count     events of the entry; 0 is a condition on a stream that is not written
--   p_start     events before this entry; p_ahead: of those, events on the same stream; p_last: no later entry is on that stream;
--               all three as if every append were accepted
--   p_key       idempotency keys, '' where there is none; NULL when no append has one
CREATE FUNCTION fairlead.append(
  p_batch uuid, p_retry boolean,
  p_group integer[], p_stream text, p_expected integer[], p_count integer[], p_start integer[], p_ahead integer[], p_last boolean[],
  p_context text, p_key text,
  p_entry integer[], p_types text, p_type integer[], p_schema smallint[], p_id uuid[], p_data text,
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
  v_data json[];
  v_digest text[];
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
  -- What needs no lock comes first: parsing and hashing of the payloads.
  v_data := v_text::json[];
  IF v_lone THEN
    v_digest := ARRAY[encode(sha256(convert_to(p_data, 'UTF8')), 'hex')];
  ELSE
    v_digest := ARRAY(SELECT encode(sha256(convert_to(t, 'UTF8')), 'hex') FROM unnest(v_text) AS t);
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
    SELECT h.position, h.block_no, h.block_hash, h.recorded_ms, h.partition_end, ARRAY[coalesce(s.version, 0)], ARRAY[s.stream_no], ARRAY[t.type_id],
        CASE WHEN CASE p_expected[1] WHEN -1 THEN false WHEN -2 THEN s.version IS NULL ELSE p_expected[1] <> coalesce(s.version, 0) END THEN ARRAY[1] END
      INTO base, v_block_no, v_prev, recorded, partition_end, v_version, v_stream_no, v_types, v_refused
      FROM fairlead.log_head h LEFT JOIN fairlead.streams s ON s.stream_id = p_stream LEFT JOIN fairlead.event_types t ON t.name = p_types;
  ELSE
    SELECT h.position, h.block_no, h.block_hash, h.recorded_ms, h.partition_end, s.versions, s.numbers, s.conflicts, t.ids
      INTO base, v_block_no, v_prev, recorded, partition_end, v_version, v_stream_no, v_refused, v_types
      FROM fairlead.log_head h, (
        SELECT array_agg(coalesce(s.version, 0) ORDER BY e.i) AS versions, array_agg(s.stream_no ORDER BY e.i) AS numbers,
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
      SELECT name FROM unnest(v_names) AS n(name) WHERE NOT EXISTS (SELECT FROM fairlead.event_types t WHERE t.name = n.name);
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
  IF v_lone THEN
    IF v_known[1] IS NOT NULL THEN
      UPDATE fairlead.streams SET version = v_version[1] + 1 WHERE stream_no = v_known[1];
    END IF;
    INSERT INTO fairlead.events (position, stream_no, recorded_ms, event_id, version, type_id, schema_version, context, data)
      VALUES (base + 1, v_stream_no[1], recorded, p_id[1], v_version[1] + 1, v_types[1], p_schema[1], p_context::json, v_data[1]);
    -- The leaf: docs/adr/0001. The context comes last, so that no content of it can be read as another field.
    v_leaves := sha256('\x00'::bytea || convert_to(concat_ws(E'\n', 'fairlead.event.v1', base + 1, p_stream, v_version[1] + 1, p_types,
      p_schema[1], recorded, p_id[1], v_digest[1], p_context), 'UTF8'));
  ELSE
    UPDATE fairlead.streams AS s SET version = e.before + e.ahead + e.n
      FROM unnest(v_known, v_version, v_ahead, v_count, v_last) AS e(known, before, ahead, n, last)
      WHERE e.n > 0 AND e.last AND s.stream_no = e.known;

    WITH e AS MATERIALIZED (
      SELECT base + v_start[x.entry] + (x.i - p_start[x.entry]) AS position, v_stream_no[x.entry] AS stream_no, x.id,
        (v_version[x.entry] + v_ahead[x.entry] + (x.i - p_start[x.entry]))::integer AS version, x.entry, x.type, x.schema, x.data, x.digest
      FROM unnest(p_entry, p_type, p_schema, p_id, v_data, v_digest) WITH ORDINALITY AS x(entry, type, schema, id, data, digest, i)
      WHERE v_count[x.entry] > 0
    ), written AS (
      INSERT INTO fairlead.events (position, stream_no, recorded_ms, event_id, version, type_id, schema_version, context, data)
        SELECT position, stream_no, recorded, id, version, v_types[type], schema, v_context[p_group[entry]]::json, data FROM e
    )
    SELECT string_agg(sha256('\x00'::bytea || convert_to(concat_ws(E'\n', 'fairlead.event.v1', position, v_stream[entry], version, v_names[type],
        schema, recorded, id, digest, v_context[p_group[entry]]), 'UTF8')), ''::bytea ORDER BY position)
      INTO v_leaves FROM e;
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
CREATE FUNCTION fairlead.forget_keys(upto bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH forgotten AS (DELETE FROM fairlead.idempotency WHERE position <= upto RETURNING 1) SELECT count(*) FROM forgotten
$$;

REVOKE EXECUTE ON FUNCTION fairlead.append FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION fairlead.forget_keys FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION fairlead.merkle_root FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fairlead.append, fairlead.merkle_root, fairlead.forget_keys TO fairlead_app;
