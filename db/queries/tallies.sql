-- name: lock
-- Refreshes wait for each other until the transaction ends.
select pg_advisory_xact_lock(%(lock)s);

-- name: regions_of
-- Where the figures of manifests count: with the stations on them, and at their lower ends.
with of_manifest as (
    select station_id from manifest_line where manifest_id = any (%(manifests)s)
    union select station_id from manifest_unit where manifest_id = any (%(manifests)s)
    union select station_id from receipt where manifest_id = any (%(manifests)s)
)
select region_code from station join of_manifest using (station_id)
union select case direction when 'RETURN' then from_region else to_region end
from manifest where manifest_id = any (%(manifests)s);

-- name: create_wanted
create temp table wanted (region_code text primary key, parent_code text, level smallint)
on commit drop;

-- name: create_fresh_tally
create temp table fresh_tally on commit drop as select * from tally with no data;

-- name: create_own_tally
create temp table own_tally on commit drop as select * from tally with no data;

-- name: create_fresh_progress
create temp table fresh_progress on commit drop as
select region_code, parent_code, level, stations, voters, boxes, packed, sealed, at_regency,
    at_district, at_village, at_station, returned, open_discrepancies
from region_progress with no data;

-- name: want
-- The regions given and all above them, to the nation.
with given as (
    select distinct unnest(%(codes)s::text[]) as code
), known as (
    select distinct left(code, length) as code, length
    from given cross join unnest('{0,2,5,8,13}'::integer[]) as length
    where length <= length(code)
)
insert into wanted (region_code, parent_code, level)
select code,
    case length when 0 then null when 2 then '' when 13 then left(code, 8)
        else left(code, length - 3) end,
    case length when 0 then 0 when 2 then 1 when 5 then 2 when 8 then 3 else 4 end
from known;

-- name: everywhere
select region_code from station
union select from_region from manifest
union select to_region from manifest
union select region_code from discrepancy where gone_at is null
union select region_code from tally
union select region_code from region_progress
union select '';

-- name: analyze_wanted
analyze wanted;

-- name: electorates
select distinct voters from electorate;

-- name: set_ballots_due
update electorate e set ballots_due = n.ballots_due
from unnest(%(voters)s::integer[], %(due)s::integer[]) as n(voters, ballots_due)
where e.voters = n.voters and e.ballots_due <> n.ballots_due;

-- name: own_due
-- What the stations of villages are due, on the last leg: the other legs get it at the end.
with here as (
    select w.region_code, s.station_id
    from wanted w join station s using (region_code) where w.level = 4
), ballots as (
    select h.region_code, e.election, count(*) as boxes, sum(e.ballots_due) as ballots
    from here h join electorate e using (station_id) group by 1, 2
), due as (
    select region_code, 'BALLOT' as item, election, ballots as due from ballots
    union all select region_code, 'BALLOT_BOX', election, boxes from ballots
    union all select region_code, 'BOOTH', '-', %(booths)s * count(*) from here group by 1
    union all select region_code, 'INK', '-', %(ink)s * count(*) from here group by 1
    union all
    select h.region_code, 'SEAL', '-', %(seals)s * coalesce(sum(e.elections), 0)
    from here h left join (
        select station_id, count(*) as elections from here join electorate using (station_id)
        group by station_id
    ) e using (station_id)
    group by 1
)
insert into own_tally
select region_code, parent_code, level, 'DISTRIBUTION', 'STATION', item, election, due,
    0, 0, 0, 0, 0, 0
from due join wanted using (region_code);

-- name: own_flows
-- What was sent and received: at the village of the station, else where the manifest leads to
-- (comes from, on the way back).
with lower_end as (
    select w.region_code, m.manifest_id, m.revision, m.direction, m.leg, m.status
    from wanted w join manifest m on m.to_region = w.region_code
    where m.direction <> 'RETURN'
    union all
    select w.region_code, m.manifest_id, m.revision, m.direction, m.leg, m.status
    from wanted w join manifest m on m.from_region = w.region_code
    where m.direction = 'RETURN'
), here as (
    select s.region_code, s.station_id
    from wanted w join station s using (region_code) where w.level = 4
), flow as (
    select h.region_code, m.direction, m.leg, l.item, coalesce(l.election, '-') as election,
        l.qty as sent, 0 as received, 0 as used, 0 as damaged_light, 0 as damaged_heavy,
        0 as short
    from here h join manifest_line l using (station_id)
    join manifest m on m.manifest_id = l.manifest_id and m.revision = l.revision
    where m.status <> 'CANCELLED'
    union all
    select e.region_code, e.direction, e.leg, l.item, coalesce(l.election, '-'),
        l.qty, 0, 0, 0, 0, 0
    from lower_end e
    join manifest_line l on l.manifest_id = e.manifest_id and l.revision = e.revision
    left join station s using (station_id)
    where s.station_id is null and e.status <> 'CANCELLED'
    union all
    select h.region_code, m.direction, m.leg, l.item, l.election,
        0, l.received, coalesce(l.used, 0), l.damaged_light, l.damaged_heavy, l.short
    from here h join receipt r using (station_id) join manifest m using (manifest_id)
    join receipt_line l on l.receipt_id = r.receipt_id and l.revision = r.revision
    union all
    select e.region_code, e.direction, e.leg, l.item, l.election,
        0, l.received, coalesce(l.used, 0), l.damaged_light, l.damaged_heavy, l.short
    from lower_end e join receipt r using (manifest_id)
    join receipt_line l on l.receipt_id = r.receipt_id and l.revision = r.revision
    left join station s on s.station_id = r.station_id
    where s.station_id is null
), summed as (
    select region_code, direction, leg, item, election, sum(sent) as sent,
        sum(received) as received, sum(used) as used, sum(damaged_light) as damaged_light,
        sum(damaged_heavy) as damaged_heavy, sum(short) as short
    from flow group by 1, 2, 3, 4, 5
)
insert into own_tally
select region_code, parent_code, level, direction, leg, item, election, 0, sent, received, used,
    damaged_light, damaged_heavy, short
from summed join wanted using (region_code);

-- name: analyze_own
analyze own_tally;

-- name: roll_tally
-- The regions of a level: their own, and what is right below, made anew or as it is stored.
insert into fresh_tally
select region_code, parent_code, level, direction, leg, item, election, sum(due), sum(sent),
    sum(received), sum(used), sum(damaged_light), sum(damaged_heavy), sum(short)
from (
    select * from own_tally where level = %(level)s
    union all
    select w.region_code, w.parent_code, w.level, direction, leg, item, election, due, sent,
        received, used, damaged_light, damaged_heavy, short
    from fresh_tally f join wanted w on w.region_code = f.parent_code
    where f.level = %(level)s + 1
    union all
    select w.region_code, w.parent_code, w.level, direction, leg, item, election,
        case when direction = 'DISTRIBUTION' and leg = 'STATION' then due else 0 end,
        sent, received, used, damaged_light, damaged_heavy, short
    from wanted w join tally t on t.parent_code = w.region_code
    where w.level = %(level)s
        and not exists (select from wanted other where other.region_code = t.region_code)
) part
group by region_code, parent_code, level, direction, leg, item, election;

-- name: analyze_fresh
analyze fresh_tally;

-- name: spread_due
-- What is due is the same on every leg.
update fresh_tally f set due = d.due from fresh_tally d
where (f.direction <> 'DISTRIBUTION' or f.leg <> 'STATION')
    and d.direction = 'DISTRIBUTION' and d.leg = 'STATION' and d.due <> 0
    and d.region_code = f.region_code and d.item = f.item and d.election = f.election;

-- name: drop_stale_tally
delete from tally t using wanted w
where w.region_code = t.region_code and not exists (
    select from fresh_tally f
    where f.region_code = t.region_code and f.direction = t.direction and f.leg = t.leg
        and f.item = t.item and f.election = t.election
);

-- name: put_tally
-- Only what differs.
insert into tally select f.* from fresh_tally f
where not exists (
    select from tally t
    where t.region_code = f.region_code and t.direction = f.direction and t.leg = f.leg
        and t.item = f.item and t.election = f.election
        and (t.due, t.sent, t.received, t.used, t.damaged_light, t.damaged_heavy, t.short)
            = (f.due, f.sent, f.received, f.used, f.damaged_light, f.damaged_heavy, f.short)
)
on conflict (region_code, direction, leg, item, election) do update set
    due = excluded.due, sent = excluded.sent, received = excluded.received,
    used = excluded.used, damaged_light = excluded.damaged_light,
    damaged_heavy = excluded.damaged_heavy, short = excluded.short;

-- name: own_progress
-- `reached`: the lowest level that a box was received at, or left from: 1 regency ... 4 station.
-- On the way out it leaves from the step above its leg, or from higher where legs are skipped;
-- a box on its way back has been everywhere. By the papers, and by the custody ledger.
with here as (
    select s.region_code, s.station_id,
        coalesce((select max(e.voters) from electorate e where e.station_id = s.station_id), 0)
            as voters
    from wanted w join station s using (region_code) where w.level = 4
), step as (
    select leg, level from (
        values ('REGENCY', 1), ('DISTRICT', 2), ('VILLAGE', 3), ('STATION', 4)
    ) as leg(leg, level)
), travel as (
    select h.region_code, u.unit_id, m.manifest_id, m.direction, m.status, step.level,
        least(step.level - 1, case length(m.from_region)
            when 2 then 0 when 5 then 1 when 8 then 2 else 3 end) as left_from,
        step.level <= 2 or length(m.to_region) <= 5 as to_warehouse,
        exists (
            select from receipt_unit c join receipt r using (receipt_id)
            where c.unit_id = u.unit_id and c.revision = r.revision
                and r.manifest_id = m.manifest_id
        ) as received
    from here h join manifest_unit u using (station_id)
    join manifest m on m.manifest_id = u.manifest_id and m.revision = u.revision
    join step using (leg)
    where u.kind = 'BOX' and m.status <> 'CANCELLED'
), stand as (
    select t.*, u.stage,
        t.received or t.status <> 'PLANNED' or u.stage is not null as packed,
        t.received or t.status not in ('PLANNED', 'PACKED')
            or coalesce(u.stage <> 'PACKED' or cardinality(u.seals) > 0, false) as sealed,
        case when not t.received and t.status = 'PLANNED' and u.stage is null then 0
            when t.direction = 'RETURN' then 4
            when t.received or u.stage in ('RECEIVED', 'OPENED') then t.level
            else t.left_from
        end as reached,
        t.direction = 'RETURN' and t.to_warehouse
            and (t.received or coalesce(u.stage in ('RETURNED', 'RECEIVED', 'OPENED'), false))
            as returned
    from travel t left join unit_state u
        on u.unit_id = t.unit_id and u.manifest_id = t.manifest_id
), box as (
    select unit_id, min(region_code) as region_code, bool_or(packed) as packed,
        bool_or(sealed) as sealed, max(reached) as reached, bool_or(returned) as returned
    from stand group by unit_id
), part as (
    select region_code, count(*) as stations, sum(voters) as voters, 0 as boxes, 0 as packed,
        0 as sealed, 0 as at_regency, 0 as at_district, 0 as at_village, 0 as at_station,
        0 as returned, 0 as open_discrepancies
    from here group by 1
    union all
    select region_code, 0, 0, count(*), count(*) filter (where packed),
        count(*) filter (where sealed), count(*) filter (where reached >= 1),
        count(*) filter (where reached >= 2), count(*) filter (where reached >= 3),
        count(*) filter (where reached >= 4), count(*) filter (where returned), 0
    from box group by 1
    union all
    select d.region_code, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, count(*)
    from wanted w join discrepancy d using (region_code)
    where d.gone_at is null and d.settled_at is null group by 1
)
insert into fresh_progress
select region_code, parent_code, level, stations, voters, boxes, packed, sealed, at_regency,
    at_district, at_village, at_station, returned, open_discrepancies
from part join wanted using (region_code);

-- name: roll_progress
insert into fresh_progress
select w.region_code, w.parent_code, w.level, sum(stations), sum(voters), sum(boxes),
    sum(packed), sum(sealed), sum(at_regency), sum(at_district), sum(at_village),
    sum(at_station), sum(returned), sum(open_discrepancies)
from (
    select parent_code as above, stations, voters, boxes, packed, sealed, at_regency,
        at_district, at_village, at_station, returned, open_discrepancies
    from fresh_progress where level = %(level)s + 1
    union all
    select p.parent_code, stations, voters, boxes, packed, sealed, at_regency,
        at_district, at_village, at_station, returned, open_discrepancies
    from wanted w join region_progress p on p.parent_code = w.region_code
    where w.level = %(level)s
        and not exists (select from wanted other where other.region_code = p.region_code)
) part join wanted w on w.region_code = part.above
group by w.region_code, w.parent_code, w.level;

-- name: sum_progress
-- A region that has figures has a row here, though it may be of zeros.
create temp table final_progress on commit drop as
select w.region_code, w.parent_code, w.level, coalesce(sum(stations), 0)::integer as stations,
    coalesce(sum(voters), 0)::bigint as voters, coalesce(sum(boxes), 0)::integer as boxes,
    coalesce(sum(packed), 0)::integer as packed, coalesce(sum(sealed), 0)::integer as sealed,
    coalesce(sum(at_regency), 0)::integer as at_regency,
    coalesce(sum(at_district), 0)::integer as at_district,
    coalesce(sum(at_village), 0)::integer as at_village,
    coalesce(sum(at_station), 0)::integer as at_station,
    coalesce(sum(returned), 0)::integer as returned,
    coalesce(sum(open_discrepancies), 0)::integer as open_discrepancies
from wanted w left join fresh_progress f using (region_code)
where f.region_code is not null
    or exists (select from fresh_tally t where t.region_code = w.region_code)
group by 1, 2, 3;

-- name: drop_stale_progress
delete from region_progress p using wanted w
where w.region_code = p.region_code
    and not exists (select from final_progress f where f.region_code = p.region_code);

-- name: put_progress
insert into region_progress as p select *, now() from final_progress
on conflict (region_code) do update set
    stations = excluded.stations, voters = excluded.voters, boxes = excluded.boxes,
    packed = excluded.packed, sealed = excluded.sealed, at_regency = excluded.at_regency,
    at_district = excluded.at_district, at_village = excluded.at_village,
    at_station = excluded.at_station, returned = excluded.returned,
    open_discrepancies = excluded.open_discrepancies, updated_at = now()
where (p.stations, p.voters, p.boxes, p.packed, p.sealed, p.at_regency, p.at_district,
        p.at_village, p.at_station, p.returned, p.open_discrepancies)
    <> (excluded.stations, excluded.voters, excluded.boxes, excluded.packed, excluded.sealed,
        excluded.at_regency, excluded.at_district, excluded.at_village, excluded.at_station,
        excluded.returned, excluded.open_discrepancies);

-- name: drop_tables
drop table wanted, own_tally, fresh_tally, fresh_progress, final_progress;

-- name: progress_of
select region_code, parent_code, level, stations, voters, boxes, packed, sealed, at_regency,
    at_district, at_village, at_station, returned, open_discrepancies, updated_at
from region_progress where region_code = %(code)s;

-- name: progress_children
select region_code, parent_code, level, stations, voters, boxes, packed, sealed, at_regency,
    at_district, at_village, at_station, returned, open_discrepancies, updated_at
from region_progress where parent_code = %(code)s order by region_code;

-- name: tally_of
select region_code, direction, leg, item, election, due, sent, received, used, damaged_light,
    damaged_heavy, short
from tally where region_code = %(code)s order by direction, leg, item, election;

-- name: tally_children
select region_code, direction, leg, item, election, due, sent, received, used, damaged_light,
    damaged_heavy, short
from tally
where parent_code = %(code)s and direction = %(direction)s
    and (%(leg)s::text is null or leg = %(leg)s) and (%(item)s::text is null or item = %(item)s)
order by region_code, leg, item, election;
