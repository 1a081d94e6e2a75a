-- name: lock
select discrepancy_id, alert_key, region_code, gone_at is not null as gone,
    settled_at is not null as settled
from discrepancy where discrepancy_id = %(discrepancy_id)s
for update;

-- name: own
update discrepancy set owner = %(owner)s, changed_xid = pg_current_xact_id()
where discrepancy_id = %(discrepancy_id)s;

-- name: settle
update discrepancy set settled_at = %(at)s, settled_by = %(by)s, settled_note = %(note)s,
    changed_xid = pg_current_xact_id()
where discrepancy_id = %(discrepancy_id)s;

-- name: note_step
insert into discrepancy_step (discrepancy_id, at, actor, step, note, owner)
values (%(discrepancy_id)s, %(at)s, %(actor)s, %(step)s, %(note)s, %(owner)s);

-- name: free_alert
-- The open alert of a discrepancy that nobody has.
select alert_id from alert
where alert_key = %(alert_key)s and assignee is null
    and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS');
