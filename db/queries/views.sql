-- name: listen
-- Writers may notify after a commit; a reader that hears nothing looks by the clock.
listen kawal;

-- name: one_snapshot
-- For all reads of a look, so that no row falls between two of them.
set transaction isolation level repeatable read, read only;

-- name: mark
-- Every transaction older than this is over; what changes later has a number from here
-- on, so the next read asks for `changed_xid >= mark` and misses nothing.
select pg_snapshot_xmin(pg_current_snapshot())::text, now();

-- name: positions_changed
select
    device_id, fix_time, received_at, lat_deg, lon_deg, speed_kmh, course_deg,
    accuracy_m, battery_pct, signal_dbm, buffered, flags
from latest_position
where changed_xid >= %(since)s::xid8;

-- name: statuses_changed
select device_id, state, received_at, report_interval_s
from device_status
where changed_xid >= %(since)s::xid8;

-- name: alerts_changed
-- All states, so that a screen learns that an alert is closed.
select
    a.alert_id, a.rule, a.severity, a.state, a.device_id, a.shipment_id, s.surat_jalan_no,
    origin.name as from_name, destination.name as to_name, place.name as facility_name,
    expected.name as expected_name,
    coalesce(place.tz, destination.tz, a.detail ->> 'tz', 'Asia/Jakarta') as tz,
    a.opened_at, a.raised_at, a.last_seen_at, a.cleared_at, a.late_by_s, a.occurrences,
    a.detail, coalesce(hand.name, hand.actor) as handled_by, hand.at as handled_at,
    a.assignee, coalesce(keeper.name, a.assignee) as assignee_name, a.quiet, a.recurrences,
    a.escalation, a.escalated_at, a.shelved_until,
    coalesce(shelver.name, a.shelved_by) as shelved_by, a.shelf_reason, a.parent_id,
    a.group_id, a.rules_version
from alert a
left join account keeper on keeper.login = a.assignee
left join account shelver on shelver.login = a.shelved_by
left join shipment s using (shipment_id)
left join facility origin on origin.facility_id = s.from_facility
left join facility destination on destination.facility_id = s.to_facility
left join facility place on place.facility_id = a.facility_id
left join facility expected on expected.facility_id = a.detail ->> 'expected'
left join lateral (
    select actor, at, account.name from alert_step
    left join account on account.login = actor
    where alert_step.alert_id = a.alert_id
        and trigger in ('ACKNOWLEDGE', 'START', 'RESOLVE', 'DISMISS')
    order by alert_step_id desc
    limit 1
) hand on true
where a.changed_xid >= %(since)s::xid8
    and (%(since)s <> '0' or a.state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS'));

-- name: progress_changed
select
    shipment_id, device_id, along_m, length_m, percent, fix_time, eta_early, eta, eta_late,
    wrong_way, stretch_mode, updated_at
from shipment_progress
where changed_xid >= %(since)s::xid8
order by fix_time;

-- name: plan_mark
-- Moves when any row of the plan does: a changed row has a higher xmin, a new or
-- removed one another count; and when an assignment begins or ends by the clock.
select concat_ws('/',
    (select concat_ws('-', count(*), sum(xmin::text::bigint)) from facility),
    (select concat_ws('-', count(*), sum(xmin::text::bigint)) from route),
    (select concat_ws('-', count(*), sum(xmin::text::bigint)) from shipment),
    (select concat_ws('-', count(*), sum(xmin::text::bigint)) from device),
    (select concat_ws('-', count(*), sum(xmin::text::bigint)) from assignment
     where valid_from <= now() and (valid_until is null or now() < valid_until))
);

-- name: devices
select d.device_id, d.kind, d.name, d.report_interval_s, d.registered, a.shipment_id
from device d
left join lateral (
    select shipment_id from assignment
    where assignment.device_id = d.device_id
        and valid_from <= now() and (valid_until is null or now() < valid_until)
    order by valid_from desc
    limit 1
) a on true
order by d.device_id;

-- name: shipments
-- Those that a device watches or has watched: what the map can show.
select
    s.shipment_id, s.surat_jalan_no, s.direction, s.mode, s.status, s.from_facility,
    origin.name as from_name, s.to_facility, destination.name as to_name, s.route_id,
    s.planned_departure, s.planned_arrival, s.vehicle, s.carrier, s.escort, s.box_count
from shipment s
join facility origin on origin.facility_id = s.from_facility
join facility destination on destination.facility_id = s.to_facility
where exists (select from assignment where assignment.shipment_id = s.shipment_id)
order by s.shipment_id;

-- name: shipment_totals
select status, count(*) from shipment group by status;

-- name: facilities
select facility_id, kind, name, tz, lat_deg, lon_deg, fence_radius_m, fence_polygon
from facility
order by facility_id;

-- name: routes
select route_id, name, half_width_m, line from route order by route_id;

-- name: track
-- The newest fixes of one device, oldest first by the time that they count for.
select lon_deg, lat_deg, flags from (
    select fix_time, received_at, lon_deg, lat_deg, flags from position
    where device_id = %(device_id)s and fix_time > %(since)s
    order by fix_time desc
    limit %(limit)s
) newest
order by case when flags & 1 = 1 then received_at else fix_time end;

-- name: alert_steps
select at, coalesce(account.name, actor) as actor, trigger, from_state, to_state, note,
    coalesce(keeper.name, assignee) as assignee, until
from alert_step
left join account on account.login = actor
left join account keeper on keeper.login = assignee
where alert_id = %(alert_id)s
order by alert_step_id;

-- name: accounts
select login, name, role from account where disabled_at is null order by name, login;

-- name: ping
select 1;
