-- name: of_rule
select alert_id, alert_key, group_id, state, coalesce(detail ->> 'device_ids', '') as device_ids
from alert
where rule = %(rule)s and group_id is not null
    and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
order by alert_id;

-- name: carry
update alert set
    alert_key = %(alert_key)s,
    group_id = %(group_id)s,
    changed_xid = pg_current_xact_id()
where alert_id = %(alert_id)s and not exists (
    select from alert other
    where other.alert_key = %(alert_key)s and other.alert_id <> %(alert_id)s
        and other.state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
)
returning alert_id;

-- name: refresh
update alert set detail = %(detail)s, changed_xid = pg_current_xact_id()
where alert_key = %(alert_key)s and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
    and last_seen_at <= %(decided_at)s and detail <> %(detail)s;

-- name: orphans
select alert_key from alert
where device_id = any(%(device_ids)s) and rule = any(%(rules)s)
    and opened_at >= %(opened_from)s and opened_at <= %(opened_until)s
    and parent_id is null and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
order by alert_key;
