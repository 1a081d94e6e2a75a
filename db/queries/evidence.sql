-- name: one_moment
-- For all reads of a bundle, so that they tell of one moment.
set transaction isolation level repeatable read, read only;

-- name: moment
-- Not now(): what was committed since the transaction began is seen, and was before this.
select clock_timestamp();

-- name: shipment_exists
select exists (select from shipment where shipment_id = %(shipment_id)s);

-- name: alert
select alert_id, shipment_id, device_id, opened_at, raised_at from alert
where alert_id = %(alert_id)s;

-- name: plan
-- Every import, with those parts of its document that a question is about.
select plan_import_id as number, imported_at, imported_by, sha256, jsonb_build_object(
    'operation', jsonb_build_array(operation),
    'shipments', (
        select coalesce(jsonb_agg(part), '[]')
        from jsonb_array_elements(coalesce(document -> 'shipments', '[]')) part
        where part ->> 'id' = any(%(shipments)s)
    ),
    'assignments', (
        select coalesce(jsonb_agg(part), '[]')
        from jsonb_array_elements(coalesce(document -> 'assignments', '[]')) part
        where coalesce(part ->> 'shipment', part ->> 'shipment_id') = any(%(shipments)s)
            or coalesce(part ->> 'device', part ->> 'device_id') = any(%(alone)s)
    ),
    'devices', (
        select coalesce(jsonb_agg(part), '[]')
        from jsonb_array_elements(coalesce(document -> 'devices', '[]')) part
        where part ->> 'id' = any(%(devices)s)
    ),
    'facilities', (
        select coalesce(jsonb_agg(part), '[]')
        from jsonb_array_elements(coalesce(document -> 'facilities', '[]')) part
        where part ->> 'id' = any(%(facilities)s)
    ),
    'routes', (
        select coalesce(jsonb_agg(part), '[]')
        from jsonb_array_elements(coalesce(document -> 'routes', '[]')) part
        where part ->> 'id' = any(%(routes)s)
    ),
    'convoys', (
        select coalesce(jsonb_agg(part), '[]')
        from jsonb_array_elements(coalesce(document -> 'convoys', '[]')) part
        where part -> 'shipments' ?| %(shipments)s
    )
) as parts
from plan_import
order by plan_import_id;

-- name: alerts
-- Of the shipment; of its devices while they were with it, where no shipment is named; of
-- the convoys and incidents that its events belong to.
select alert_id, alert_key, rule, severity, device_id, shipment_id, facility_id, group_id,
    state, opened_at, raised_at, last_seen_at, cleared_at, late_by_s, occurrences, detail,
    assignee, rules_version, closed_at, quiet, recurrences, parent_id
from alert a
where alert_id = %(alert_id)s
    or opened_at <= %(at)s and (
        shipment_id = %(shipment_id)s
        or shipment_id is null and exists (
            select from unnest(%(device_ids)s::text[], %(froms)s::timestamptz[],
                %(untils)s::timestamptz[]) as k(device_id, since, until)
            where k.device_id = a.device_id and opened_at >= k.since and opened_at < k.until
        )
        or group_id in (
            select group_id from event
            where event.shipment_id = %(shipment_id)s
                and event_time between %(since)s and %(at)s
        )
        or alert_id in (
            select parent_id from alert child where child.shipment_id = %(shipment_id)s
        )
    )
order by alert_id;

-- name: steps
select alert_step_id, alert_id, at, actor, trigger, from_state, to_state, note, assignee, until
from alert_step
where alert_id = any(%(alert_ids)s)
order by alert_step_id;

-- name: events
-- Current and superseded ones. Those of an alert are read from its beginning.
select event_id, event_key, kind, origin, device_id, shipment_id, facility_id, group_id,
    event_time, decided_at, recorded_at, superseded_at, late_by_s, alert_key, lat_deg, lon_deg,
    detail, rules_version
from event e
where event_time <= %(at)s and (
    alert_key = any(%(alert_keys)s)
    or event_time >= %(since)s and (
        shipment_id = %(shipment_id)s
        or shipment_id is null and exists (
            select from unnest(%(device_ids)s::text[], %(froms)s::timestamptz[],
                %(untils)s::timestamptz[]) as k(device_id, since, until)
            where k.device_id = e.device_id and event_time >= k.since and event_time < k.until
        )
    )
)
order by event_time, event_id;

-- name: reports
select r.device_id, epoch, seq, kind, event_time, received_at, buffered, lat_deg, lon_deg,
    accuracy_m, seal_no, light_lux, battery_pct, note
from device_report r
join unnest(%(device_ids)s::text[], %(froms)s::timestamptz[], %(untils)s::timestamptz[])
    as k(device_id, since, until) using (device_id)
where least(event_time, received_at) >= k.since and least(event_time, received_at) < k.until
order by event_time, r.device_id, epoch, seq, kind;

-- name: reflags
select f.device_id, f.fix_time, f.epoch, f.seq, f.at, f.flags_before, f.flags_after
from position_reflag f
join position p using (device_id, fix_time, epoch, seq)
join unnest(%(device_ids)s::text[], %(froms)s::timestamptz[], %(untils)s::timestamptz[])
    as k(device_id, since, until) on k.device_id = f.device_id
where f.fix_time >= k.since
    and case when p.flags & 1 = 1 then p.received_at else f.fix_time end >= k.since
    and case when p.flags & 1 = 1 then p.received_at else f.fix_time end < k.until
order by f.position_reflag_id;

-- name: fixes
-- A fix counts for its own time, or for its receipt where its clock ran ahead.
select device_id, fix_time, epoch, seq, received_at, lat_deg, lon_deg, speed_kmh, course_deg,
    altitude_m, accuracy_m, hdop, satellites, battery_pct, signal_dbm, buffered, jamming, mock,
    source, flags
from position
where device_id = %(device_id)s and fix_time >= %(since)s and fix_time < %(until)s
    and (flags & 1 = 0 or received_at >= %(since)s)
order by fix_time, epoch, seq;

-- name: fixes_ahead
-- Those that bear a time after the span and were received within it.
select device_id, fix_time, epoch, seq, received_at, lat_deg, lon_deg, speed_kmh, course_deg,
    altitude_m, accuracy_m, hdop, satellites, battery_pct, signal_dbm, buffered, jamming, mock,
    source, flags
from position
where device_id = %(device_id)s and fix_time >= %(until)s and flags & 1 = 1
    and received_at >= %(since)s and received_at < %(until)s
order by fix_time, epoch, seq;

-- name: oldest_fix
select min(fix_time) from position where device_id = any(%(device_ids)s);

-- name: statuses
select at, status_before, status_after from shipment_status_history
where shipment_id = %(shipment_id)s
order by shipment_status_history_id;

-- name: rule_sets
select version, rules, first_used_at from rule_set
where version = any(%(versions)s)
order by version;

-- name: rule_changes
-- Which thresholds were in force when; of the plan's only those for the shipment.
select valid_from, recorded_at, actor, source, case
    when document ? 'shipments' then jsonb_set(document, '{shipments}', coalesce(
        (select jsonb_object_agg(key, value) from jsonb_each(document -> 'shipments')
         where key = %(shipment_id)s), '{}'
    ))
    else document
end as document
from rule_change
where valid_from <= %(at)s
order by valid_from, rule_change_id;

-- name: history_since
-- Since when overwritten flags and states of shipments are kept.
select applied_at from migration where name = '0009_position_reflag.sql';
