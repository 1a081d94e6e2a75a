-- name: newest_before
-- The newest snapshot of each device before its time.
select k.device_id, s.at, s.state
from unnest(%(device_ids)s::text[], %(before)s::timestamptz[]) as k(device_id, before)
join lateral (
    select at, state from rule_snapshot
    where device_id = k.device_id and at < k.before
    order by at desc limit 1
) s on true;

-- name: save
insert into rule_snapshot (device_id, at, state) values (%(device_id)s, %(at)s, %(state)s)
on conflict (device_id, at) do update set state = excluded.state;

-- name: discard_from
delete from rule_snapshot where device_id = %(device_id)s and at >= %(at)s;

-- name: discard_before
-- Keep what a fix may still be late for, and the newest of each device.
delete from rule_snapshot old
where at < %(before)s and exists (
    select from rule_snapshot newer
    where newer.device_id = old.device_id and newer.at > old.at and newer.at < %(before)s
);
