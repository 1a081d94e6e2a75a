-- name: drop_chunks
-- The Apache edition has no retention policy of its own. By the age of the chunk, not of the
-- fixes in it: a recorded track that was replayed today is kept as long as today's fixes.
select drop_chunks('position', created_before => %(before)s::timestamptz);

-- name: retention_policy
select config ->> 'drop_created_before' from timescaledb_information.jobs
where proc_name = 'policy_retention' and hypertable_name = 'position';

-- name: replace_retention_policy
select remove_retention_policy('position', if_exists => true);

-- name: add_retention_policy
select add_retention_policy('position', drop_created_before => %(keep)s::interval);

-- name: same_interval
select %(a)s::interval = %(b)s::interval;
