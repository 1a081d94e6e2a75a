-- name: record
-- All events of a batch at once, numbered in their order: a first fix of each of a thousand
-- devices makes a thousand events.
insert into event (event_key, kind, origin, device_id, shipment_id, facility_id, event_time,
    decided_at, late_by_s, alert_key, lat_deg, lon_deg, detail, rules_version, group_id)
select event_key, kind, origin, device_id, shipment_id, facility_id, event_time,
    decided_at, late_by_s, alert_key, lat_deg, lon_deg, detail, rules_version, group_id
from jsonb_to_recordset(%(events)s) as found(
    event_key text, kind text, origin text, device_id text, shipment_id text, facility_id text,
    event_time timestamptz, decided_at timestamptz, late_by_s double precision, alert_key text,
    lat_deg double precision, lon_deg double precision, detail jsonb, rules_version text,
    group_id text)
on conflict (event_key) where superseded_at is null do nothing
returning event_id, event_key;

-- name: decided_after
-- Current events that a device's fold decided after a time.
select event_id, event_key, alert_key, decided_at, lat_deg, lon_deg, detail
from event
where device_id = %(device_id)s and decided_at > %(after)s
    and origin in ('RULE', 'DEVICE') and group_id is null and superseded_at is null;

-- name: decided_together
-- Current events of rules over several devices, of one group or of all, decided in a time.
select event_id, event_key, alert_key, decided_at, lat_deg, lon_deg, detail
from event
where group_id is not null and kind = any(%(kinds)s)
    and (%(group_id)s::text is null or group_id = %(group_id)s)
    and decided_at > %(after)s and decided_at <= %(until)s and superseded_at is null;

-- name: of_kinds
-- Current events of some kinds that were decided in a time.
select kind, origin, device_id, event_time, decided_at, shipment_id, facility_id, late_by_s,
    lat_deg, lon_deg, detail as numbers
from event
where kind = any(%(kinds)s) and decided_at > %(after)s and decided_at <= %(until)s
    and superseded_at is null
order by decided_at, event_id;

-- name: oldest_of_devices
-- The oldest event of some kinds that is current, or was until this transaction, of each
-- device after its own time.
select min(e.decided_at)
from unnest(%(device_ids)s::text[], %(afters)s::timestamptz[]) as k(device_id, after)
join event e on e.device_id = k.device_id and e.decided_at > k.after
where e.kind = any(%(kinds)s) and (e.superseded_at is null or e.superseded_at = now());

-- name: supersede
update event set superseded_at = now(), changed_xid = pg_current_xact_id()
where event_id = any(%(event_ids)s);

-- name: succeed
-- The event that takes the place of another belongs to the same alerts.
insert into alert_event (alert_id, event_id)
select alert_id, %(event_id)s from alert_event where event_id = %(before)s
on conflict do nothing;

-- name: newest_of_alert
-- The current event that decides whether an alert's condition holds.
select event_id, kind, event_time from event
where alert_key = %(alert_key)s and superseded_at is null
order by decided_at desc, event_id desc
limit 1;

-- name: export
select event_id, kind, origin, device_id, shipment_id, facility_id, event_time, decided_at,
    recorded_at, late_by_s, lat_deg, lon_deg, detail, rules_version, superseded_at
from event
where event_time >= %(since)s and event_time < %(until)s
    and (%(device_id)s::text is null or device_id = %(device_id)s)
    and (%(shipment_id)s::text is null or shipment_id = %(shipment_id)s)
order by event_time, event_id;
