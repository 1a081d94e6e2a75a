-- name: store
-- Returns nothing where it was there already.
insert into platform_status (tracking_no, at, word, status, place, raw)
values (%(tracking_no)s, %(at)s, %(word)s, %(status)s, %(place)s, %(raw)s::jsonb)
on conflict do nothing
returning 1;

-- name: make_due
-- In the order of their ids, as every other writer, so that two do not wait for each other.
insert into reconcile_due (manifest_id)
select manifest_id from manifest where tracking_no = any(%(tracking_nos)s) order by manifest_id
on conflict (manifest_id) do update set due_at = least(reconcile_due.due_at, excluded.due_at);

-- name: history
select tracking_no, at, word, status, place, raw::text as raw
from platform_status
where tracking_no = %(tracking_no)s
order by at desc, received_at desc;
