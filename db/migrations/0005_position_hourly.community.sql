-- One relation name on both editions: here a continuous aggregate, which replaces the
-- plain view where the server was changed from Apache to community.
drop view if exists position_hourly;
create materialized view position_hourly
with (timescaledb.continuous, timescaledb.materialized_only = false) as
select
    device_id,
    time_bucket(interval '1 hour', fix_time) as hour,
    count(*) as fixes,
    avg(speed_kmh) as mean_speed_kmh,
    max(speed_kmh) as max_speed_kmh,
    min(battery_pct) as min_battery_pct,
    max(accuracy_m) as worst_accuracy_m
from position
group by device_id, hour
with no data;

-- From the beginning of time: a fix that was under way for weeks, or a track replayed at its
-- own times, changes an hour of long ago. Only hours that changed are computed again.
select add_continuous_aggregate_policy(
    'position_hourly',
    start_offset => null,
    end_offset => interval '1 hour',
    schedule_interval => interval '30 minutes'
);

alter table position set (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'device_id',
    timescaledb.compress_orderby = 'fix_time desc, epoch, seq'
);
select add_compression_policy('position', compress_after => interval '7 days');

-- A job of our own: a retention policy goes by the time of the fixes, and with
-- drop_created_before it fails at every run (TimescaleDB issue 9446). By the age of the
-- chunk, as db/queries/housekeeping.sql does it on the Apache edition.
create procedure drop_old_positions(job_id integer, config jsonb) language sql as $$
    select drop_chunks('position', created_before => now() - (config ->> 'keep')::interval)
$$;
select add_job('drop_old_positions', interval '1 day', config => '{"keep": "365 days"}');
