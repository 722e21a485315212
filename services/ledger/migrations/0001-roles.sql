-- Who may do what. Roles belong to the whole Postgres cluster, so they may be there already.
--   fairlead_owner      owns the log and its functions; nobody logs in as it
--   fairlead_app        what the processes work as: reads the log, appends through fairlead.append, writes read models
--   fairlead_projector  fairlead_app plus the right to create the tables of read models
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['fairlead_owner', 'fairlead_app', 'fairlead_projector'] LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL; -- another database of this cluster was migrated at the same moment
    END;
    -- Whoever makes a role may grant it but, since Postgres 16, not yet become it.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
      EXECUTE format('GRANT %I TO %I', wanted, current_user);
    END IF;
  END LOOP;
  IF NOT pg_has_role('fairlead_projector', 'fairlead_app', 'MEMBER') THEN
    GRANT fairlead_app TO fairlead_projector;
  END IF;
END
$$;

ALTER SCHEMA fairlead OWNER TO fairlead_owner;
GRANT USAGE ON SCHEMA fairlead TO fairlead_app;

-- rm holds the views that readers use; each version of a projection has its tables in a schema of its own.
DO $$
BEGIN
  EXECUTE format('GRANT CREATE ON DATABASE %I TO fairlead_projector', current_database());
END
$$;
CREATE SCHEMA rm AUTHORIZATION fairlead_projector;
GRANT USAGE ON SCHEMA rm TO fairlead_app;
ALTER DEFAULT PRIVILEGES FOR ROLE fairlead_projector GRANT USAGE ON SCHEMAS TO fairlead_app;
ALTER DEFAULT PRIVILEGES FOR ROLE fairlead_projector GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO fairlead_app;
ALTER DEFAULT PRIVILEGES FOR ROLE fairlead_projector GRANT USAGE, SELECT ON SEQUENCES TO fairlead_app;
