-- name: record
insert into device_report (device_id, epoch, seq, kind, event_time, received_at, buffered,
    lat_deg, lon_deg, accuracy_m, seal_no, light_lux, battery_pct, note)
values (%(device_id)s, %(epoch)s, %(seq)s, %(kind)s, %(event_time)s, %(received_at)s,
    %(buffered)s, %(lat_deg)s, %(lon_deg)s, %(accuracy_m)s, %(seal_no)s, %(light_lux)s,
    %(battery_pct)s, %(note)s)
on conflict do nothing
returning 1;

-- name: since
-- Reports of devices, each after its own time, for folding again.
select r.device_id, epoch, seq, kind, event_time, received_at, buffered, lat_deg, lon_deg,
    accuracy_m, seal_no, light_lux, battery_pct, note
from unnest(%(device_ids)s::text[], %(afters)s::timestamptz[]) as k(device_id, after)
join lateral (
    select * from device_report where device_id = k.device_id and event_time > k.after
) r on true;
