-- name: progress
select region_code, level, stations, voters, boxes, packed, sealed, at_regency, at_district,
    at_village, at_station, returned, updated_at
from region_progress
where region_code = %(code)s;

-- name: children
select region_code, level, stations, voters, boxes, packed, sealed, at_regency, at_district,
    at_village, at_station, returned, updated_at
from region_progress
where parent_code = %(code)s and region_code <> ''
order by region_code;

-- name: tallies
select direction, leg, item, election, due, sent, received, used, damaged_light, damaged_heavy,
    short
from tally
where region_code = %(code)s
order by direction, leg, item, election;

-- name: open_discrepancies
-- A code is below another where it begins with it and a dot; '/' follows the dot.
select left(region_code, %(length)s), count(*)
from discrepancy
where gone_at is null and length(region_code) >= %(length)s
    and (%(code)s = '' or region_code = %(code)s
        or (region_code ~>=~ %(code)s || '.' and region_code ~<~ %(code)s || '/'))
group by 1;

-- name: points
-- One station of each region two levels down is enough for the middle of the one between.
with child as (
    select region_code from region_progress where parent_code = %(code)s and region_code <> ''
), part as (
    select child.region_code, coalesce(below.region_code, child.region_code) as code
    from child left join region_progress below on below.parent_code = child.region_code
), spot as (
    select part.region_code, station.lon_deg, station.lat_deg
    from part cross join lateral (
        select s.lon_deg, s.lat_deg
        from station s
        where s.region_code ~>=~ part.code and s.region_code ~<~ part.code || '/'
            and s.lat_deg is not null
        limit 1
    ) station
), by_station as (
    select region_code, avg(lon_deg) as lon_deg, avg(lat_deg) as lat_deg
    from spot group by region_code
), by_facility as (
    select child.region_code, avg(f.lon_deg) as lon_deg, avg(f.lat_deg) as lat_deg
    from child join facility f
        on f.region_code = child.region_code
            or starts_with(f.region_code, child.region_code || '.')
    where not exists (
        select from by_station b where b.region_code = child.region_code
    )
    group by child.region_code
)
select region_code, lon_deg, lat_deg from by_station
union all
select region_code, lon_deg, lat_deg from by_facility;

-- name: stations
-- A line or receipt that names no station is for the place that its manifest goes to.
with leg as materialized (
    select manifest_id, revision, to_place
    from manifest
    where direction = 'DISTRIBUTION' and leg = 'STATION' and status <> 'CANCELLED'
        and (to_region = %(code)s or manifest_id in (
            select p.manifest_id
            from station s join manifest_unit p on p.station_id = s.station_id
            where s.region_code = %(code)s
        ))
)
select s.station_id, s.number, s.name, s.is_3t,
    coalesce((
        select jsonb_object_agg(e.election, jsonb_build_array(e.voters, e.ballots_due))
        from electorate e where e.station_id = s.station_id
    ), '{}') as electorate,
    coalesce((
        select sum(l.qty)
        from manifest_line l join leg using (manifest_id)
        where l.item = 'BALLOT' and l.revision = leg.revision
            and coalesce(l.station_id, leg.to_place) = s.station_id
    ), 0)::bigint as sent,
    coalesce((
        select sum(l.received)
        from receipt r join leg using (manifest_id) join receipt_line l using (receipt_id)
        where l.item = 'BALLOT' and l.revision = r.revision
            and coalesce(r.station_id, leg.to_place) = s.station_id
    ), 0)::bigint as received,
    coalesce((
        select jsonb_agg(jsonb_build_object(
            'unit_id', u.unit_id, 'election', u.election, 'stage', u.stage,
            'manifest_id', u.manifest_id
        ) order by u.election, u.unit_id)
        from (
            select distinct on (p.unit_id) p.unit_id, p.election, state.stage,
                coalesce(state.manifest_id, p.manifest_id) as manifest_id
            from manifest_unit p join manifest m using (manifest_id)
            left join unit_state state on state.unit_id = p.unit_id
            where p.station_id = s.station_id and p.kind = 'BOX' and p.revision = m.revision
            order by p.unit_id, m.planned_departure desc
        ) u
    ), '[]') as boxes,
    coalesce((
        select array_agg(distinct leg.manifest_id order by leg.manifest_id)
        from leg
        where leg.to_place = s.station_id or exists (
            select from manifest_unit p
            where p.manifest_id = leg.manifest_id and p.station_id = s.station_id
                and p.revision = leg.revision
        )
    ), '{}') as manifests
from station s
where s.region_code = %(code)s
order by s.number, s.station_id;

-- name: arrivals
select date_bin('1 hour', r.received_at, '2000-01-01Z') as hour, count(*)
from manifest m join receipt r on r.manifest_id = m.manifest_id
where m.direction = 'DISTRIBUTION' and m.leg = 'STATION'
    and m.to_region ~>=~ %(code)s and m.to_region ~<~ %(code)s || '/'
group by 1
order by 1;

-- name: arrivals_of_all
select date_bin('1 hour', r.received_at, '2000-01-01Z') as hour, count(*)
from manifest m join receipt r on r.manifest_id = m.manifest_id
where m.direction = 'DISTRIBUTION' and m.leg = 'STATION'
group by 1
order by 1;
