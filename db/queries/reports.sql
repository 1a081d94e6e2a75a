-- name: record
insert into device_report (device_id, epoch, seq, kind, event_time, received_at, buffered,
    lat_deg, lon_deg, accuracy_m, seal_no, light_lux, battery_pct, note)
values (%(device_id)s, %(epoch)s, %(seq)s, %(kind)s, %(event_time)s, %(received_at)s,
    %(buffered)s, %(lat_deg)s, %(lon_deg)s, %(accuracy_m)s, %(seal_no)s, %(light_lux)s,
    %(battery_pct)s, %(note)s)
on conflict do nothing
returning 1;

-- name: since
select device_id, epoch, seq, kind, event_time, received_at, buffered, lat_deg, lon_deg,
    accuracy_m, seal_no, light_lux, battery_pct, note
from device_report
where device_id = %(device_id)s and event_time > %(after)s;
