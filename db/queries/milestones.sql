-- name: voting_day
select (operation ->> 'voting_day')::date
from plan_import order by plan_import_id desc limit 1;

-- name: on_the_way
-- Boxes of open manifests that were not received, by regency, leg and time. A box that the
-- ledger has on a later manifest has ended this one, whatever its status says; one that it has
-- here, and arrived, waits for its receipt. Of a tracked shipment the newest fix counts.
with tracked as (
    select distinct on (shipment_id) shipment_id, eta_early, eta, eta_late
    from shipment_progress
    where eta is not null
    order by shipment_id, fix_time desc
),
open_manifest as (
    select * from manifest
    where status in ('PLANNED', 'PACKED', 'SEALED', 'LOADED', 'IN_TRANSIT', 'HELD', 'ARRIVED')
        and length(to_region) >= 5
),
-- Counted by manifest first: the times of a whole plan are many fewer than its boxes.
load as (
    select
        m.manifest_id,
        (s.manifest_id = m.manifest_id
            and s.stage in ('ARRIVED', 'RECEIVED', 'OPENED', 'RETURNED')) is true as arrived,
        count(*) as boxes
    from open_manifest m
    join manifest_unit u on u.manifest_id = m.manifest_id and u.revision = m.revision
    left join unit_state s on s.unit_id = u.unit_id
    left join manifest now_on on now_on.manifest_id = s.manifest_id
    where u.kind = 'BOX'
        and s.stage is distinct from 'LOST'
        and (now_on.planned_departure > m.planned_departure) is not true
        and not exists (
            select from receipt r join receipt_unit c using (receipt_id)
            where r.manifest_id = m.manifest_id and c.unit_id = u.unit_id
                and c.revision = r.revision
        )
    group by 1, 2
)
select
    left(m.to_region, 5) as region_code, m.direction, m.leg,
    m.status in ('IN_TRANSIT', 'HELD') as departed,
    m.status = 'ARRIVED' or load.arrived as arrived,
    m.planned_departure, m.planned_arrival, t.eta_early, t.eta, t.eta_late,
    sum(load.boxes)::bigint as boxes
from load
join open_manifest m using (manifest_id)
left join tracked t using (shipment_id)
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

-- name: put_forecasts
with new as (
    select region_code, coming
    from jsonb_to_recordset(%(rows)s) as r (region_code text, coming jsonb)
), gone as (
    delete from region_forecast where region_code not in (select region_code from new)
)
insert into region_forecast (region_code, coming, reckoned_at)
select region_code, coming, %(now)s from new
on conflict (region_code) do update set
    coming = excluded.coming, reckoned_at = excluded.reckoned_at;

-- name: children
-- How far the regions below one are, and what they can count on. A code is below another where
-- it begins with it and a dot; '/' follows the dot.
select
    p.region_code, p.boxes, p.at_regency, p.at_district, p.at_village, p.at_station, p.returned,
    f.coming, f.reckoned_at,
    exists (
        select from station s
        where s.is_3t and s.region_code ~>=~ (p.region_code || '.')
            and s.region_code ~<~ (p.region_code || '/')
    ) as is_3t
from region_progress p left join region_forecast f using (region_code)
where p.parent_code = %(parent_code)s and p.region_code <> ''
order by p.region_code;

-- name: regencies
-- The same of all regencies and cities.
select
    p.region_code, p.boxes, p.at_regency, p.at_district, p.at_village, p.at_station, p.returned,
    f.coming, f.reckoned_at,
    exists (
        select from station s
        where s.is_3t and s.region_code ~>=~ (p.region_code || '.')
            and s.region_code ~<~ (p.region_code || '/')
    ) as is_3t
from region_progress p left join region_forecast f using (region_code)
where p.level = 2
order by p.region_code;

-- name: told
-- What was told last of each regency and milestone.
select distinct on (group_id) group_id, kind, event_time
from event
where kind = any(%(kinds)s) and group_id is not null and superseded_at is null
order by group_id, decided_at desc, event_id desc;
