-- name: role_of
select role from account where login = %(login)s and disabled_at is null;

-- name: assign
update alert set assignee = %(assignee)s, changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: escalate
update alert set
    escalation = escalation + 1,
    escalated_at = %(now)s,
    changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: shelve
update alert set
    shelved_until = %(until)s,
    shelved_by = %(by)s,
    shelf_reason = %(reason)s,
    changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: unshelve
-- Its wait for a person begins anew.
update alert set
    shelved_until = null,
    shelved_by = null,
    shelf_reason = null,
    waiting_since = %(now)s,
    changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: wake
update alert set quiet = false, waiting_since = %(now)s, changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s;

-- name: lock_shelf_over
-- Two processes may tend at once: what the other has in hand, the other does.
select alert_id from alert
where shelved_until <= %(now)s and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
order by alert_id
for update skip locked;

-- name: lock_quiet_over
-- Came quietly within the cooldown, and still holds when that is over.
select alert_id from alert
where state = 'NEW' and quiet and cleared_at is null and waiting_since <= %(since)s
order by alert_id
for update skip locked;

-- name: lock_waiting
-- Unseen, and waiting for at least the first period of its severity.
select alert_id, severity, late_by_s is not null as is_late, quiet,
    parent_id is not null as is_child, shelved_until is not null as is_shelved,
    escalation, greatest(waiting_since, escalated_at) as since
from alert
where state = 'NEW' and escalation < %(highest)s and cleared_at is null
    and not quiet and parent_id is null and shelved_until is null
    and waiting_since <= %(now)s - make_interval(secs => (%(periods_s)s::float8[])[severity])
    and (%(periods_s)s::float8[])[severity] > 0
order by alert_id
for update skip locked;
