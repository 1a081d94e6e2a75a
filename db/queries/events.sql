-- name: record
insert into event (event_key, kind, origin, device_id, shipment_id, facility_id, event_time,
    decided_at, late_by_s, alert_key, lat_deg, lon_deg, detail)
values (%(event_key)s, %(kind)s, %(origin)s, %(device_id)s, %(shipment_id)s, %(facility_id)s,
    %(event_time)s, %(decided_at)s, %(late_by_s)s, %(alert_key)s, %(lat_deg)s, %(lon_deg)s,
    %(detail)s)
on conflict (event_key) where superseded_at is null do nothing
returning event_id;

-- name: decided_after
-- Current events that a device's fold decided after a time.
select event_id, event_key, alert_key
from event
where device_id = %(device_id)s and decided_at > %(after)s
    and origin in ('RULE', 'DEVICE') and superseded_at is null;

-- name: supersede
update event set superseded_at = now() where event_id = any(%(event_ids)s);

-- name: newest_of_alert
-- The current event that decides whether an alert's condition holds.
select event_id, kind, event_time from event
where alert_key = %(alert_key)s and superseded_at is null
order by decided_at desc, event_id desc
limit 1;

-- name: export
select event_id, kind, origin, device_id, shipment_id, facility_id, event_time, decided_at,
    recorded_at, late_by_s, lat_deg, lon_deg, detail, superseded_at
from event
where event_time >= %(since)s and event_time < %(until)s
    and (%(device_id)s::text is null or device_id = %(device_id)s)
    and (%(shipment_id)s::text is null or shipment_id = %(shipment_id)s)
order by event_time, event_id;
