-- One relation name on both editions: here a plain view.
create view position_hourly as
select
    device_id,
    time_bucket(interval '1 hour', fix_time) as hour,
    count(*) as fixes,
    avg(speed_kmh) as mean_speed_kmh,
    max(speed_kmh) as max_speed_kmh,
    min(battery_pct) as min_battery_pct,
    max(accuracy_m) as worst_accuracy_m
from position
group by device_id, hour;
