-- name: lock
-- Refreshes wait for each other until the transaction ends.
select pg_advisory_xact_lock(%(lock)s);

-- name: clear_leaves
delete from tally
where level = 9
    and (%(villages)s::text[] is null or length(parent_code) < 13
        or parent_code = any(%(villages)s));

-- name: put_leaves
-- What belongs to a region itself, and to none below it: a village's stations, or lines that a
-- manifest has for a region as a whole. Everything above is the sum of what is right below.
insert into tally (
    region_code, parent_code, level, direction, leg, item, election,
    due, sent, received, used, damaged_light, damaged_heavy, short
)
with here as (
    select station_id, region_code from station
    where %(villages)s::text[] is null or region_code = any(%(villages)s)
),
legs as (
    select distinct leg from manifest where direction = 'DISTRIBUTION'
    union select 'STATION'
),
dues as (
    select h.region_code, 'BALLOT' as item, e.election, sum(e.ballots_due) as due
    from here h join electorate e using (station_id) group by h.region_code, e.election
    union all
    select h.region_code, 'BALLOT_BOX', e.election, count(*)
    from here h join electorate e using (station_id) group by h.region_code, e.election
    union all
    select h.region_code, 'SEAL', '-', count(*) * %(seals_per_box)s
    from here h join electorate e using (station_id) group by h.region_code
    union all
    select region_code, 'BOOTH', '-', count(*) * %(booths_per_station)s
    from here group by region_code
    union all
    select region_code, 'INK', '-', count(*) * %(ink_per_station)s
    from here group by region_code
),
facts as (
    select d.region_code, 'DISTRIBUTION' as direction, l.leg, d.item, d.election, d.due,
        0::bigint as sent, 0::bigint as received, 0::bigint as used,
        0::bigint as damaged_light, 0::bigint as damaged_heavy, 0::bigint as short
    from dues d cross join legs l
    union all
    select coalesce(s.region_code, m.to_region), m.direction, m.leg, p.item,
        coalesce(p.election, '-'), 0, p.qty, 0, 0, 0, 0, 0
    from current_line p
    join manifest m using (manifest_id)
    left join station s on s.station_id = p.station_id
    union all
    select coalesce(s.region_code, m.to_region), m.direction, m.leg, p.item, p.election,
        0, 0, p.received, coalesce(p.used, 0), p.damaged_light, p.damaged_heavy, p.short
    from current_receipt_line p
    join receipt r using (receipt_id)
    join manifest m using (manifest_id)
    left join station s on s.station_id = r.station_id
)
select region_code || '/own', region_code, 9, direction, leg, item, election,
    sum(due), sum(sent), sum(received), sum(used), sum(damaged_light), sum(damaged_heavy),
    sum(short)
from facts
where %(villages)s::text[] is null or length(region_code) < 13 or region_code = any(%(villages)s)
group by region_code, direction, leg, item, election;

-- name: clear_level
delete from tally
where level = %(level)s and (%(codes)s::text[] is null or region_code = any(%(codes)s));

-- name: put_level
insert into tally (
    region_code, parent_code, level, direction, leg, item, election,
    due, sent, received, used, damaged_light, damaged_heavy, short
)
select parent_code, left(parent_code, %(above)s::integer), %(level)s, direction, leg, item, election,
    sum(due), sum(sent), sum(received), sum(used), sum(damaged_light), sum(damaged_heavy),
    sum(short)
from tally
where length(parent_code) = %(length)s
    and (%(codes)s::text[] is null or parent_code = any(%(codes)s))
group by parent_code, direction, leg, item, election;

-- name: clear_progress
delete from region_progress
where level = %(level)s and (%(codes)s::text[] is null or region_code = any(%(codes)s));

-- name: put_village_progress
-- A box has reached a level where it was received there, or set out for the one below.
insert into region_progress (
    region_code, parent_code, level, stations, voters, boxes, packed, sealed,
    at_regency, at_district, at_village, at_station, returned, open_discrepancies
)
with here as (
    select station_id, region_code from station
    where %(villages)s::text[] is null or region_code = any(%(villages)s)
),
rank_of (leg, rank) as (
    values ('REGENCY', 1), ('DISTRICT', 2), ('VILLAGE', 3), ('STATION', 4)
),
travels as (
    select h.region_code, u.unit_id, m.direction, m.status, k.rank,
        exists (
            select from current_receipt_unit c join receipt r using (receipt_id)
            where c.unit_id = u.unit_id and r.manifest_id = m.manifest_id
        ) as received
    from here h
    join current_unit u on u.station_id = h.station_id and u.kind = 'BOX'
    join manifest m on m.manifest_id = u.manifest_id
    join rank_of k on k.leg = m.leg
),
boxes as (
    select region_code, unit_id,
        bool_or(received or status not in ('PLANNED', 'CANCELLED')) as packed,
        bool_or(received or status not in ('PLANNED', 'PACKED', 'CANCELLED')) as sealed,
        coalesce(max(case
            when direction <> 'DISTRIBUTION' then null
            when received then rank
            when status not in ('PLANNED', 'CANCELLED', 'LOST') then rank - 1
        end), 0) as reached,
        bool_or(direction = 'RETURN' and received and rank = 1) as returned
    from travels
    group by region_code, unit_id
),
of_boxes as (
    select region_code, count(*) as boxes, count(*) filter (where packed) as packed,
        count(*) filter (where sealed) as sealed,
        count(*) filter (where reached >= 1) as at_regency,
        count(*) filter (where reached >= 2) as at_district,
        count(*) filter (where reached >= 3) as at_village,
        count(*) filter (where reached >= 4) as at_station,
        count(*) filter (where returned) as returned
    from boxes group by region_code
),
of_stations as (
    select h.region_code, count(*) as stations, coalesce(sum(v.voters), 0) as voters
    from here h
    left join lateral (
        select max(voters) as voters from electorate e where e.station_id = h.station_id
    ) v on true
    group by h.region_code
)
select s.region_code, left(s.region_code, 8), 4, s.stations, s.voters,
    coalesce(b.boxes, 0), coalesce(b.packed, 0), coalesce(b.sealed, 0),
    coalesce(b.at_regency, 0), coalesce(b.at_district, 0), coalesce(b.at_village, 0),
    coalesce(b.at_station, 0), coalesce(b.returned, 0),
    (select count(*) from discrepancy d
     where d.gone_at is null and d.region_code = s.region_code)
from of_stations s left join of_boxes b using (region_code);

-- name: put_progress
insert into region_progress (
    region_code, parent_code, level, stations, voters, boxes, packed, sealed,
    at_regency, at_district, at_village, at_station, returned, open_discrepancies
)
select parent_code, left(parent_code, %(above)s::integer), %(level)s, sum(stations), sum(voters),
    sum(boxes), sum(packed), sum(sealed), sum(at_regency), sum(at_district), sum(at_village),
    sum(at_station), sum(returned),
    sum(open_discrepancies) + (
        select count(*) from discrepancy d where d.gone_at is null and d.region_code = parent_code
    )
from region_progress
where level = %(level)s::integer + 1 and length(parent_code) = %(length)s
    and (%(codes)s::text[] is null or parent_code = any(%(codes)s))
group by parent_code;
