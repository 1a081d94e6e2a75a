-- name: open
-- One open alert a key: a condition that returns, or grows, is the same work.
insert into alert as old (alert_key, rule, severity, programme, device_id, shipment_id,
    facility_id, state, opened_at, last_seen_at, late_by_s, detail)
values (%(alert_key)s, %(rule)s, %(severity)s, %(programme)s, %(device_id)s, %(shipment_id)s,
    %(facility_id)s, 'NEW', %(opened_at)s, %(last_seen_at)s, %(late_by_s)s, %(detail)s)
on conflict (alert_key) where state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS') do update set
    last_seen_at = greatest(old.last_seen_at, excluded.last_seen_at),
    occurrences = old.occurrences + (old.cleared_at is not null)::int,
    cleared_at = null,
    late_by_s = case when excluded.late_by_s is null then null else old.late_by_s end,
    detail = case when excluded.last_seen_at >= old.last_seen_at
        then excluded.detail else old.detail end,
    changed_xid = pg_current_xact_id()
returning alert_id, xmax = 0;

-- name: resume
-- An alert whose end was disproved holds again: as it is, or anew where its work was done.
insert into alert as old (alert_key, rule, severity, programme, device_id, shipment_id,
    facility_id, state, opened_at, last_seen_at, late_by_s, detail)
select alert_key, rule, severity, programme, device_id, shipment_id, facility_id, 'NEW',
    opened_at, last_seen_at, late_by_s, detail
from alert
where alert_id = (select max(alert_id) from alert where alert_key = %(alert_key)s)
    and cleared_at is not null
on conflict (alert_key) where state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS') do update set
    cleared_at = null,
    changed_xid = pg_current_xact_id()
returning alert_id, state, xmax = 0;

-- name: link
insert into alert_event (alert_id, event_id) values (%(alert_id)s, %(event_id)s)
on conflict do nothing;

-- name: lock_open
select alert_id, state, cleared_at is not null from alert
where alert_key = %(alert_key)s and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
for update;

-- name: lock
select alert_id, state, cleared_at is not null from alert
where alert_id = %(alert_id)s
for update;

-- name: clear
update alert set state = %(state)s, cleared_at = %(at)s, changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: set_state
update alert set
    state = %(state)s,
    assignee = coalesce(assignee, %(assignee)s),
    changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: note_step
insert into alert_step (alert_id, actor, trigger, from_state, to_state, note)
values (%(alert_id)s, %(actor)s, %(trigger)s, %(from_state)s, %(to_state)s, %(note)s);

-- name: open_devices_of_rule
select distinct device_id from alert
where rule = %(rule)s and cleared_at is null
    and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS');
