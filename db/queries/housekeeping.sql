-- name: drop_chunks
-- The Apache edition has no retention policy of its own.
select drop_chunks('position', older_than => %(before)s::timestamptz);

-- name: retention_policy
select config ->> 'drop_after' from timescaledb_information.jobs
where proc_name = 'policy_retention' and hypertable_name = 'position';

-- name: replace_retention_policy
select remove_retention_policy('position', if_exists => true);

-- name: add_retention_policy
select add_retention_policy('position', drop_after => %(keep)s::interval);

-- name: same_interval
select %(a)s::interval = %(b)s::interval;
