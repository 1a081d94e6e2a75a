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

-- 72 h: as far back as store and forward may still change an hour.
select add_continuous_aggregate_policy(
    'position_hourly',
    start_offset => interval '73 hours',
    end_offset => interval '1 hour',
    schedule_interval => interval '30 minutes'
);

alter table position set (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'device_id',
    timescaledb.compress_orderby = 'fix_time desc, epoch, seq'
);
select add_compression_policy('position', compress_after => interval '7 days');
select add_retention_policy('position', drop_created_before => interval '365 days');
