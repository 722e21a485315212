SET LOCAL ROLE fairlead_owner;

-- One row for each version of a projection. status: live (readers see it), building (beside the live one), retired (switched away from).
-- owner and epoch are the lease: a runner whose epoch is no longer the row's may not move the position.
CREATE TABLE fairlead.checkpoints (
  position bigint NOT NULL DEFAULT 0,
  epoch bigint NOT NULL DEFAULT 0,
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  updated_at timestamptz NOT NULL DEFAULT now(),
  version integer NOT NULL,
  projection text COLLATE "C" NOT NULL CHECK (projection ~ '^[a-z][a-z0-9_]{0,39}$'),
  status text NOT NULL CHECK (status IN ('live', 'building', 'retired')),
  owner text,
  stopped_reason text,
  PRIMARY KEY (projection, version)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);
CREATE UNIQUE INDEX checkpoints_one_live ON fairlead.checkpoints (projection) WHERE status = 'live';

-- Events that a projection could not take, with the reason.
CREATE TABLE fairlead.parked_events (
  position bigint NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT now(),
  version integer NOT NULL,
  projection text COLLATE "C" NOT NULL,
  stream text NOT NULL,
  type text NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (projection, version, position)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON fairlead.checkpoints, fairlead.parked_events TO fairlead_app;
