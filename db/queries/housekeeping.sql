-- name: drop_chunks
-- The Apache edition has no retention policy of its own. By the age of the chunk, not of the
-- fixes in it: a recorded track that was replayed today is kept as long as today's fixes.
select drop_chunks('position', created_before => %(before)s::timestamptz);

-- name: retention_job
-- The community edition does it by a job, whose setting may be another than ours.
select job_id, (config ->> 'keep')::interval = %(keep)s::interval
from timescaledb_information.jobs
where proc_name = 'drop_old_positions';

-- name: add_retention_job
select add_job('drop_old_positions', interval '1 day',
    config => jsonb_build_object('keep', %(keep)s::interval));

-- name: align_retention_job
select alter_job(%(job_id)s, config => jsonb_build_object('keep', %(keep)s::interval));
