-- name: lock
-- One process reconciles at a time; another finds it taken and comes again.
select pg_try_advisory_xact_lock(%(lock)s);

-- name: take_due
-- From both ends: those that wait longest, and those that came last, which must not stand behind
-- a national import. What an import has in hand comes when that is committed.
select manifest_id from reconcile_due
where manifest_id in (
    (select manifest_id from reconcile_due where due_at <= %(now)s
    order by due_at limit (%(limit)s + 1) / 2)
    union all
    (select manifest_id from reconcile_due where due_at <= %(now)s
    order by due_at desc limit %(limit)s / 2)
)
order by manifest_id
for update skip locked;

-- name: clear_due
delete from reconcile_due where manifest_id = any(%(manifest_ids)s);

-- name: set_due
insert into reconcile_due (manifest_id, due_at)
select manifest_id, due_at
from unnest(%(manifest_ids)s::text[], %(due_ats)s::timestamptz[]) as k(manifest_id, due_at)
join manifest using (manifest_id)
order by manifest_id
on conflict (manifest_id) do update set due_at = least(reconcile_due.due_at, excluded.due_at);

-- name: waiting
select count(*), min(due_at) from reconcile_due where due_at <= %(now)s;

-- --- what a tracker brings ---------------------------------------------------------------

-- name: mark
-- All transactions below it are over: what they wrote is seen. And the newest plan.
select pg_snapshot_xmin(pg_current_snapshot())::text,
    (select coalesce(max(plan_import_id), 0) from plan_import);

-- name: seen_since
-- Events of presence that are new, or were superseded, from a transaction on.
select event_id, superseded_at is not null
from event
where kind in ('fence_entered', 'fence_left', 'shipment_departed', 'shipment_arrived',
        'silence', 'silence_held', 'silence_ended', 'never_heard')
    and changed_xid >= %(since)s::xid8
order by event_id;

-- name: handled_since
-- Ledger events from a transaction on that did not follow from an import.
select event_uuid::text, chain
from custody_event
where actor <> 'import' and changed_xid >= %(since)s::xid8
order by chain, seq;

-- name: make_due_by_events
-- The manifests of the shipments that these events tell of, or whose devices they are of.
insert into reconcile_due (manifest_id, due_at)
select distinct m.manifest_id, %(now)s::timestamptz
from event e
join lateral (
    select e.shipment_id
    union
    select a.shipment_id from assignment a
    where a.device_id = e.device_id and a.valid_from <= e.event_time + interval '1 day'
        and (a.valid_until is null or a.valid_until >= e.event_time - interval '1 day')
) s on true
join manifest m on m.shipment_id = s.shipment_id
where e.event_id = any(%(event_ids)s)
order by 1
on conflict (manifest_id) do update set due_at = least(reconcile_due.due_at, excluded.due_at);

-- name: make_due_by_plan
-- Another plan: other devices, fences or routes, or another voting day.
insert into reconcile_due (manifest_id, due_at)
select m.manifest_id, %(now)s
from manifest m
where exists (select from assignment a where a.shipment_id = m.shipment_id)
order by 1
on conflict (manifest_id) do update set due_at = least(reconcile_due.due_at, excluded.due_at);

-- name: sisters
-- Manifests that are judged with these: they carry ballots of the same stations on the same
-- leg, or bring back the boxes that these took there, or the other way round.
select other.manifest_id
from manifest m
join current_line l using (manifest_id)
join manifest_line p on p.station_id = l.station_id
join manifest other on other.manifest_id = p.manifest_id
where m.manifest_id = any(%(manifest_ids)s) and other.manifest_id <> all(%(manifest_ids)s)
    and l.item = 'BALLOT' and p.item = 'BALLOT' and m.leg = other.leg
    and m.direction = 'DISTRIBUTION' and other.direction = 'DISTRIBUTION'
union
select other.manifest_id
from manifest m
join manifest_unit u using (manifest_id)
join manifest_unit p on p.station_id = u.station_id
join manifest other on other.manifest_id = p.manifest_id
where m.manifest_id = any(%(manifest_ids)s) and other.manifest_id <> all(%(manifest_ids)s)
    and (m.direction = 'RETURN' or m.leg = 'STATION')
    and (other.direction = 'RETURN' or other.leg = 'STATION')
    and (m.direction = 'RETURN' or other.direction = 'RETURN')
order by 1;
