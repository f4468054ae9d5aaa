-- The database users of api, worker and consumer in docker-compose.yml, each in the role that `paysaga setup` has made
-- for its process. May be repeated. The password is that of a local machine: docs/deploy.md says how to make real ones.
DO $$
DECLARE
    process text;
BEGIN
    FOREACH process IN ARRAY ARRAY['api', 'worker', 'consumer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shop_' || process) THEN
            EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', 'shop_' || process, 'paysaga');
        END IF;
        EXECUTE format('GRANT %I TO %I', 'paysaga_' || process, 'shop_' || process);
    END LOOP;
END $$;
