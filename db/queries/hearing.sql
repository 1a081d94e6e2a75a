-- name: load
-- When each device was last heard, and how often it should be.
select d.device_id,
    coalesce(s.report_interval_s, d.report_interval_s) as report_interval_s,
    greatest(p.received_at, s.received_at) as heard_at
from device d
left join latest_position p using (device_id)
left join device_status s using (device_id);

-- name: silent
select device_id, shipment_id from alert
where rule = 'SILENCE' and cleared_at is null
    and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS');
