SET LOCAL ROLE fairlead_owner;

-- Bundles and plans, addressed by the SHA-256 of their plain bytes. stored: deflated, then sealed with AES-256-GCM under the hub's data key.
CREATE TABLE fairlead.blobs (
  size_bytes integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  digest bytea PRIMARY KEY CHECK (length(digest) = 32),
  stored bytea NOT NULL
);
ALTER TABLE fairlead.blobs ALTER COLUMN stored SET STORAGE EXTERNAL;

-- What can be computed again: the render cache.
CREATE TABLE fairlead.cache (
  written_at timestamptz NOT NULL DEFAULT now(),
  key text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
);

-- One key for each person whose personal fields are sealed. Erasing a person removes the wrapped key and keeps the row.
CREATE TABLE fairlead.subject_keys (
  created_at timestamptz NOT NULL DEFAULT now(),
  destroyed_at timestamptz,
  subject_id text COLLATE "C" PRIMARY KEY,
  wrapped_key bytea,
  CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL))
);

GRANT SELECT, INSERT, UPDATE, DELETE ON fairlead.blobs, fairlead.cache TO fairlead_app;
GRANT SELECT, INSERT, UPDATE ON fairlead.subject_keys TO fairlead_app;
