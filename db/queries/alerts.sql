-- name: open
-- One open alert a key: a condition that returns, or grows, is the same work. Its wait for
-- a person begins anew when it returns, and when what came late turns out to be live.
insert into alert as old (alert_key, rule, severity, programme, device_id, shipment_id,
    facility_id, group_id, state, opened_at, last_seen_at, late_by_s, detail, waiting_since,
    rules_version)
values (%(alert_key)s, %(rule)s, %(severity)s, %(programme)s, %(device_id)s, %(shipment_id)s,
    %(facility_id)s, %(group_id)s, 'NEW', %(opened_at)s, %(last_seen_at)s, %(late_by_s)s,
    %(detail)s, %(now)s, (select version from rule_set where version = %(rules_version)s))
on conflict (alert_key) where state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS') do update set
    last_seen_at = greatest(old.last_seen_at, excluded.last_seen_at),
    occurrences = old.occurrences + (old.cleared_at is not null)::int,
    waiting_since = case
        when old.cleared_at is not null
            or (old.late_by_s is not null and excluded.late_by_s is null)
        then excluded.waiting_since else old.waiting_since end,
    cleared_at = null,
    late_by_s = case when excluded.late_by_s is null then null else old.late_by_s end,
    detail = case when excluded.last_seen_at >= old.last_seen_at
        then excluded.detail else old.detail end,
    rules_version = case when excluded.last_seen_at >= old.last_seen_at
        then excluded.rules_version else old.rules_version end,
    changed_xid = pg_current_xact_id()
returning alert_id, xmax = 0;

-- name: resume
-- An alert whose end was disproved holds again: as it is, or anew where its work was done.
insert into alert as old (alert_key, rule, severity, programme, device_id, shipment_id,
    facility_id, group_id, state, opened_at, last_seen_at, late_by_s, detail, waiting_since,
    rules_version)
select alert_key, rule, severity, programme, device_id, shipment_id, facility_id, group_id,
    'NEW', opened_at, last_seen_at, late_by_s, detail, %(now)s, rules_version
from alert
where alert_id = (select max(alert_id) from alert where alert_key = %(alert_key)s)
    and cleared_at is not null
on conflict (alert_key) where state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS') do update set
    cleared_at = null,
    waiting_since = excluded.waiting_since,
    changed_xid = pg_current_xact_id()
returning alert_id, state, xmax = 0;

-- name: before
-- The alert of the same key that was there before this one.
select cleared_at, closed_at, recurrences, shelved_until, shelved_by, shelf_reason
from alert
where alert_key = %(alert_key)s and alert_id < %(alert_id)s
order by alert_id desc
limit 1;

-- name: follow_on
-- What an alert has from the one before it.
update alert set
    quiet = %(quiet)s,
    recurrences = %(recurrences)s,
    shelved_until = %(shelved_until)s,
    shelved_by = %(shelved_by)s,
    shelf_reason = %(shelf_reason)s
where alert_id = %(alert_id)s;

-- name: link
insert into alert_event (alert_id, event_id) values (%(alert_id)s, %(event_id)s)
on conflict do nothing;

-- name: lock_open
select alert_id, state, cleared_at is not null as cleared,
    shelved_until is not null as shelved, severity, escalation, assignee
from alert
where alert_key = %(alert_key)s and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
for update;

-- name: lock
select alert_id, state, cleared_at is not null as cleared,
    shelved_until is not null as shelved, severity, escalation, assignee
from alert
where alert_id = %(alert_id)s
for update;

-- name: lock_children
select alert_id, state, cleared_at is not null as cleared,
    shelved_until is not null as shelved, severity, escalation, assignee
from alert
where parent_id = %(parent_id)s and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
order by alert_id
for update;

-- name: lock_orphans
-- Open alerts of these keys that belong to no incident and are none. A critical one stays
-- alone.
select alert_id, state, cleared_at is not null as cleared,
    shelved_until is not null as shelved, severity, escalation, assignee
from alert
where alert_key = any(%(alert_keys)s) and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
    and severity > 1 and parent_id is null and alert_id <> %(parent_id)s
    and not exists (select from alert child where child.parent_id = alert.alert_id)
order by alert_id
for update;

-- name: set_parent
update alert set
    parent_id = %(parent_id)s,
    waiting_since = coalesce(%(now)s, now()),
    changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: clear
update alert set state = %(state)s, cleared_at = %(at)s, changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: set_state
-- A person's step. One that ends the work also ends the shelf.
update alert set
    state = %(state)s,
    assignee = coalesce(assignee, %(assignee)s),
    closed_at = case when %(closes)s then coalesce(%(now)s, now()) end,
    shelved_until = case when not %(closes)s then shelved_until end,
    shelved_by = case when not %(closes)s then shelved_by end,
    shelf_reason = case when not %(closes)s then shelf_reason end,
    changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: note_step
insert into alert_step (alert_id, actor, trigger, from_state, to_state, note, assignee, until)
values (%(alert_id)s, %(actor)s, %(trigger)s, %(from_state)s, %(to_state)s, %(note)s,
    %(assignee)s, %(until)s);
