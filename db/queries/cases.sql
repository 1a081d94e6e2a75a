-- name: heads
select m.manifest_id, m.shipment_id, m.direction, m.leg, m.from_place, m.to_place,
    m.from_region, m.to_region, coalesce(m.surat_jalan_no, s.surat_jalan_no) as surat_jalan_no,
    m.carrier, coalesce(m.escort, s.escort) as escort, m.status, i.started_at as known_at
from manifest m
join manifest_import i using (import_id)
left join shipment s on s.shipment_id = m.shipment_id
where m.manifest_id = any(%(manifest_ids)s);

-- name: lines
select manifest_id, line_no, item, election, station_id, qty
from current_line where manifest_id = any(%(manifest_ids)s);

-- name: units
select manifest_id, unit_id, kind, station_id, election, parent_id, seals
from current_unit where manifest_id = any(%(manifest_ids)s);

-- name: papers
select manifest_id, kind, number, issued_at, signers
from current_document where manifest_id = any(%(manifest_ids)s);

-- name: receipts
select manifest_id, receipt_id, station_id, received_at, received_by
from receipt where manifest_id = any(%(manifest_ids)s);

-- name: receipt_lines
select receipt_id, item, nullif(p.election, '-'), received, damaged_light, damaged_heavy, short
from current_receipt_line p join receipt r using (receipt_id)
where r.manifest_id = any(%(manifest_ids)s);

-- name: receipt_units
select receipt_id, unit_id, seals, seals_intact
from current_receipt_unit p join receipt r using (receipt_id)
where r.manifest_id = any(%(manifest_ids)s);

-- name: custody
-- Without what a later event corrects or withdraws.
select c.chain, c.event_uuid::text, c.step, c.event_time, c.place, c.units,
    c.body -> 'seals', c.body -> 'broken', c.body -> 'released_by', c.body -> 'received_by'
from custody_event c
where c.chain = any(%(manifest_ids)s)
    and not coalesce((c.body ->> 'withdrawn')::boolean, false)
    and not exists (
        select from custody_event later
        where later.chain = c.chain and later.body ->> 'corrects' = c.event_uuid::text
    );

-- name: platform
select m.manifest_id, p.at, p.word, p.status
from manifest m join platform_status p using (tracking_no)
where m.manifest_id = any(%(manifest_ids)s);

-- name: stations
select station_id, region_code, facility_id from station where station_id = any(%(stations)s);

-- name: dues
select station_id, election, voters, ballots_due
from electorate where station_id = any(%(stations)s);

-- name: ballots_of_stations
-- What each manifest that is not cancelled carries there, to be summed without one's own.
select m.manifest_id, m.leg, l.station_id, l.election, sum(l.qty)
from manifest_line l join manifest m using (manifest_id)
where l.station_id = any(%(stations)s) and l.item = 'BALLOT' and l.revision = m.revision
    and m.direction = 'DISTRIBUTION' and m.status not in ('CANCELLED', 'REJECTED', 'LOST')
group by 1, 2, 3, 4;

-- name: boxes_out
-- Boxes that went to stations: their numbers, and how many where only a line counts them.
select station_id, array_agg(unit_id) filter (where unit_id is not null), coalesce(sum(qty), 0)
from (
    select distinct u.station_id, u.unit_id, 0 as qty
    from manifest_unit u join manifest m using (manifest_id)
    where u.station_id = any(%(stations)s) and u.kind = 'BOX' and u.revision = m.revision
        and m.direction = 'DISTRIBUTION' and m.leg = 'STATION' and m.status <> 'CANCELLED'
    union all
    select l.station_id, null, l.qty
    from manifest_line l join manifest m using (manifest_id)
    where l.station_id = any(%(stations)s) and l.item = 'BALLOT_BOX' and l.revision = m.revision
        and m.direction = 'DISTRIBUTION' and m.leg = 'STATION' and m.status <> 'CANCELLED'
) box
group by station_id;

-- name: boxes_back
-- Boxes that were received back, of each station and leg, and whether that is the warehouse.
select station_id, leg, to_warehouse, array_agg(unit_id) filter (where unit_id is not null),
    coalesce(sum(qty), 0), max(received_at)
from (
    select distinct coalesce(u.station_id, r.station_id) as station_id, m.leg,
        m.leg in ('REGENCY', 'DISTRICT') or length(m.to_region) <= 5 as to_warehouse,
        c.unit_id, 0 as qty, r.received_at
    from manifest m
    join receipt r using (manifest_id)
    join receipt_unit c on c.receipt_id = r.receipt_id and c.revision = r.revision
    left join manifest_unit u on u.manifest_id = m.manifest_id and u.unit_id = c.unit_id
        and u.revision = m.revision
    where m.direction = 'RETURN' and m.status <> 'CANCELLED' and coalesce(u.kind, 'BOX') = 'BOX'
        and m.manifest_id in (
            select manifest_id from manifest_unit where station_id = any(%(stations)s)
            union
            select manifest_id from receipt where station_id = any(%(stations)s)
        )
    union all
    select r.station_id, m.leg, m.leg in ('REGENCY', 'DISTRICT') or length(m.to_region) <= 5,
        null, l.received, r.received_at
    from receipt r
    join receipt_line l on l.receipt_id = r.receipt_id and l.revision = r.revision
    join manifest m using (manifest_id)
    where r.station_id = any(%(stations)s) and l.item = 'BALLOT_BOX'
        and m.direction = 'RETURN' and m.status <> 'CANCELLED'
) box
where station_id = any(%(stations)s)
group by 1, 2, 3;

-- name: boxes_coming
-- Stations and legs of returns that nobody has received yet.
select distinct u.station_id, m.leg
from manifest_unit u join manifest m using (manifest_id)
where u.station_id = any(%(stations)s) and u.revision = m.revision
    and m.direction = 'RETURN' and m.status not in ('CANCELLED', 'REJECTED', 'LOST')
    and not exists (
        select from receipt r
        where r.manifest_id = m.manifest_id
            and (r.station_id is null or r.station_id = u.station_id)
    );

-- name: voting_day
select (operation ->> 'voting_day')::date
from plan_import order by plan_import_id desc limit 1;
