-- name: listed
-- A page of manifests, and the totals of all that fit what is asked for. One row with the
-- totals alone where the page is empty. What is on its way or late comes first, by its planned
-- arrival, then what is still to leave, and at last what is over, the newest first.
with found as (
    select m.manifest_id from manifest m
    where %(text)s::text is null
        or strpos(lower(concat_ws(' ', m.manifest_id, m.surat_jalan_no, m.shipment_id, m.tracking_no,
            m.vehicle)), %(text)s) > 0
    union
    select u.manifest_id from manifest_unit u where u.unit_id = any(%(ids)s)
    union
    select u.manifest_id from manifest_unit u where u.seals && %(ids)s::text[]
    union
    select u.manifest_id from manifest_unit u where u.station_id = any(%(ids)s)
    union
    select l.manifest_id from manifest_line l where l.station_id = any(%(ids)s)
), flawed as (
    select d.manifest_id, count(*) as discrepancies from discrepancy d
    where d.gone_at is null and d.manifest_id is not null group by d.manifest_id
), fitting as materialized (
    select m.*, p.percent, p.eta, p.fix_time, coalesce(f.discrepancies, 0) as discrepancies,
        m.status = any(%(under_way)s)
            and greatest(%(now)s, coalesce(p.eta, %(now)s)) > m.planned_arrival as late
    from manifest m
    left join lateral (
        select percent, eta, fix_time from shipment_progress
        where shipment_id = m.shipment_id order by fix_time desc limit 1
    ) p on m.status = any(%(under_way)s)
    left join flawed f using (manifest_id)
    where (%(text)s::text is null or m.manifest_id in (select manifest_id from found))
        and (%(region)s::text is null or m.to_region = %(region)s or m.from_region = %(region)s
            or starts_with(m.to_region, %(region)s || '.')
            or starts_with(m.from_region, %(region)s || '.'))
        and (%(status)s::text is null or m.status = %(status)s)
        and (%(leg)s::text is null or m.leg = %(leg)s)
        and (%(direction)s::text is null or m.direction = %(direction)s)
        and (not %(flawed)s or f.manifest_id is not null)
), asked as (
    select *,
        case when late or status in ('IN_TRANSIT', 'HELD') then 0
            when status = any(%(under_way)s) then 1 else 2 end as rank,
        extract(epoch from planned_arrival)::double precision
            * case when status = any(%(under_way)s) then 1 else -1 end as turn
    from fitting where late or not %(late)s
), totals as (
    select count(*) as manifests,
        count(*) filter (where status in ('IN_TRANSIT', 'HELD')) as on_the_way,
        count(*) filter (where status in ('ARRIVED', 'RECEIVED', 'PARTIALLY_RECEIVED')) as arrived,
        count(*) filter (where late) as late,
        count(*) filter (where discrepancies > 0) as flawed
    from asked
), page as (
    select * from asked
    where %(after_rank)s::integer is null
        or (rank, turn, manifest_id) > (%(after_rank)s, %(after_turn)s, %(after_id)s)
    order by rank, turn, manifest_id limit %(limit)s
)
select t.*, p.manifest_id, p.revision, p.shipment_id, p.surat_jalan_no, p.direction, p.leg, p.mode,
    p.from_place, coalesce(ff.name, fs.name, 'TPS ' || fs.number), p.from_region,
    p.to_place, coalesce(tf.name, ts.name, 'TPS ' || ts.number), p.to_region,
    p.status, p.planned_departure, p.planned_arrival, p.percent, p.eta, p.fix_time,
    p.discrepancies, p.late, p.rank, p.turn,
    (select count(*) from manifest_unit u
        where u.manifest_id = p.manifest_id and u.revision = p.revision and u.kind = 'BOX')
from totals t
left join page p on true
left join facility ff on ff.facility_id = p.from_place
left join station fs on fs.station_id = p.from_place
left join facility tf on tf.facility_id = p.to_place
left join station ts on ts.station_id = p.to_place
order by p.rank, p.turn, p.manifest_id;

-- name: head
-- A manifest, the device that is with it now, and what the platform and the import said.
select m.manifest_id, m.revision, m.shipment_id, m.surat_jalan_no, m.direction, m.leg, m.mode,
    m.from_place, coalesce(ff.name, fs.name, 'TPS ' || fs.number), m.from_region,
    m.to_place, coalesce(tf.name, ts.name, 'TPS ' || ts.number), m.to_region,
    m.status, m.planned_departure, m.planned_arrival, m.carrier, m.vehicle, m.escort, m.tracking_no,
    a.device_id, p.percent, p.length_m - p.along_m, p.eta, p.eta_early, p.eta_late, p.fix_time,
    w.word, w.status, w.at,
    i.import_id, i.source, i.name, i.imported_by, i.started_at,
    c.units, c.boxes, c.received, h.seq, h.hash
from manifest m
join manifest_import i using (import_id)
left join facility ff on ff.facility_id = m.from_place
left join station fs on fs.station_id = m.from_place
left join facility tf on tf.facility_id = m.to_place
left join station ts on ts.station_id = m.to_place
left join lateral (
    select device_id from assignment
    where shipment_id = m.shipment_id and valid_from <= %(now)s
        and (valid_until is null or valid_until > %(now)s)
    order by valid_from desc, device_id limit 1
) a on true
left join lateral (
    select * from shipment_progress
    where shipment_id = m.shipment_id order by fix_time desc limit 1
) p on true
left join lateral (
    select * from platform_status where tracking_no = m.tracking_no order by at desc limit 1
) w on true
left join custody_head h on h.chain = m.manifest_id
cross join lateral (
    select count(*) as units, count(*) filter (where u.kind = 'BOX') as boxes,
        count(*) filter (where u.unit_id in (
            select ru.unit_id from receipt r join current_receipt_unit ru using (receipt_id)
            where r.manifest_id = m.manifest_id)) as received
    from manifest_unit u where u.manifest_id = m.manifest_id and u.revision = m.revision
) c
where m.manifest_id = %(manifest)s;

-- name: newest_of_shipment
select manifest_id from manifest where shipment_id = %(shipment)s
order by planned_departure desc, manifest_id desc limit 1;

-- name: lines
-- Sent by the manifest and received by its receipts, for each item and election.
with sent as (
    select item, coalesce(election, '-') as election, sum(qty) as qty,
        count(distinct station_id) as stations
    from current_line where manifest_id = %(manifest)s group by 1, 2
), got as (
    select l.item, l.election, sum(l.received) as received, sum(l.used) as used,
        sum(l.damaged_light) as light, sum(l.damaged_heavy) as heavy, sum(l.short) as short
    from receipt r join current_receipt_line l using (receipt_id)
    where r.manifest_id = %(manifest)s group by 1, 2
)
select item, nullif(election, '-'), sent.qty, coalesce(sent.stations, 0), got.received, got.used,
    got.light, got.heavy, got.short
from sent full join got using (item, election) order by item, election;

-- name: units
-- The units of a manifest by their ids: what is expected of them, and where they are now.
select u.unit_id, u.kind, u.station_id, s.number, s.region_code, u.election, u.parent_id, u.seals,
    n.stage, n.place, n.since, g.received_at, g.seals, g.seals_intact,
    n.manifest_id is distinct from u.manifest_id
from current_unit u
left join station s using (station_id)
left join unit_state n using (unit_id)
left join lateral (
    select r.received_at, ru.seals, ru.seals_intact
    from current_receipt_unit ru join receipt r using (receipt_id)
    where ru.unit_id = u.unit_id and r.manifest_id = u.manifest_id
    order by r.received_at desc limit 1
) g on true
where u.manifest_id = %(manifest)s and u.unit_id > %(after)s
    and (%(text)s::text is null or u.unit_id = any(%(ids)s) or u.station_id = any(%(ids)s)
        or u.seals && %(ids)s::text[] or strpos(lower(u.unit_id), %(text)s) > 0)
order by u.unit_id limit %(limit)s;

-- name: documents
select d.kind, d.number, d.issued_at, d.signers, d.sha256, d.media_type
from current_document d where d.manifest_id = %(manifest)s order by d.issued_at, d.kind, d.number;

-- name: custody
-- The newest events of a chain. The lists of units and seals may be long: they stay behind.
select e.seq, e.step, e.event_time, e.recorded_at, e.place, f.name, e.region_code,
    cardinality(e.units), e.body - '{units,seals,original}'::text[],
    (select count(*) from jsonb_object_keys(coalesce(e.body -> 'seals', '{}'))), e.actor, e.hash
from custody_event e left join facility f on f.facility_id = e.place
where e.chain = %(manifest)s order by e.seq desc limit %(limit)s;

-- name: receipts
select r.receipt_id, r.station_id, s.number, r.received_at, r.received_by, r.recorded_at,
    (select count(*) from current_receipt_unit u where u.receipt_id = r.receipt_id),
    (select count(*) from current_receipt_unit u
        where u.receipt_id = r.receipt_id and u.seals_intact is false)
from receipt r left join station s using (station_id)
where r.manifest_id = %(manifest)s order by r.received_at, r.receipt_id limit %(limit)s;

-- name: discrepancies
-- What does not agree of a manifest, what holds still before what is gone.
select d.discrepancy_id, d.kind, d.severity, d.station_id, d.unit_id, d.item, d.election,
    d.expected, d.found, d.opened_at, d.gone_at, a.alert_id, coalesce(o.name, d.owner)
from discrepancy d
left join account o on o.login = d.owner
left join alert a on a.alert_key = d.alert_key
    and a.state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
where d.manifest_id = %(manifest)s
order by d.gone_at is not null, d.severity, d.opened_at desc limit %(limit)s;

-- name: revisions
-- What the revisions of a manifest said, the newest first.
select h.revision, h.document, h.replaced_at, i.source, i.name
from record_history h join manifest_import i using (import_id)
where h.kind = 'manifest' and h.record_key = %(manifest)s order by h.revision desc limit 50;

-- name: stored
select to_jsonb(m) from manifest m where manifest_id = %(manifest)s;

-- name: unit
-- Where a unit is now, as the ledger says.
select n.stage, n.place, f.name, n.region_code, n.station_id, n.election, n.seals, n.since,
    n.manifest_id
from unit_state n left join facility f on f.facility_id = n.place where n.unit_id = %(unit)s;

-- name: unit_manifests
-- The manifests that name a unit, in the order of the journey.
select u.manifest_id, u.revision = m.revision, m.surat_jalan_no, m.shipment_id, m.direction, m.leg,
    m.from_place, coalesce(ff.name, fs.name, 'TPS ' || fs.number), m.from_region,
    m.to_place, coalesce(tf.name, ts.name, 'TPS ' || ts.number), m.to_region,
    m.status, m.planned_departure, m.planned_arrival,
    u.kind, u.station_id, s.number, s.region_code, u.election, u.parent_id, u.seals,
    g.received_at, g.received_by, g.seals, g.seals_intact, a.device_id
from manifest_unit u
join manifest m using (manifest_id)
left join station s on s.station_id = u.station_id
left join facility ff on ff.facility_id = m.from_place
left join station fs on fs.station_id = m.from_place
left join facility tf on tf.facility_id = m.to_place
left join station ts on ts.station_id = m.to_place
left join lateral (
    select r.received_at, r.received_by, ru.seals, ru.seals_intact
    from current_receipt_unit ru join receipt r using (receipt_id)
    where ru.unit_id = u.unit_id and r.manifest_id = u.manifest_id
    order by r.received_at desc limit 1
) g on true
left join lateral (
    select device_id from assignment
    where shipment_id = m.shipment_id and valid_from <= %(now)s
        and (valid_until is null or valid_until > %(now)s)
    order by valid_from desc, device_id limit 1
) a on true
where u.unit_id = %(unit)s order by m.planned_departure, m.manifest_id;

-- name: unit_events
-- All that happened to a unit, by all manifests, with the seals that were found on it.
select e.chain, e.seq, e.step, e.event_time, e.place, f.name, e.region_code, e.body -> 'seals' -> %(unit)s,
    coalesce(e.body -> 'broken' ? %(unit)s, false),
    e.body - '{units,seals,original}'::text[], e.actor, e.hash
from custody_event e left join facility f on f.facility_id = e.place
where e.units @> array[%(unit)s]
order by e.event_time, e.recorded_at, e.chain, e.seq;

-- name: unit_documents
select d.manifest_id, d.kind, d.number, d.issued_at, d.signers, d.sha256, d.media_type
from current_document d
where d.manifest_id = any(%(manifests)s) order by d.issued_at, d.kind, d.number;

-- name: unit_discrepancies
select d.discrepancy_id, d.kind, d.severity, d.station_id, d.unit_id, d.item, d.election,
    d.expected, d.found, d.opened_at, d.gone_at, a.alert_id, coalesce(o.name, d.owner)
from discrepancy d
left join account o on o.login = d.owner
left join alert a on a.alert_key = d.alert_key
    and a.state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS')
where d.manifest_id = any(%(manifests)s) and d.unit_id = %(unit)s
order by d.gone_at is not null, d.severity, d.opened_at desc;

-- name: offers
-- Handovers that were offered, what is open first.
select o.offer_id, o.place, coalesce(f.name, s.name), cardinality(o.units), o.document, o.note,
    o.offered_by, coalesce(g.name, o.offered_by), o.offered_at, o.outcome,
    coalesce(t.name, o.closed_by), o.closed_at
from handover_offer o
left join facility f on f.facility_id = o.place
left join station s on s.station_id = o.place
left join account g on g.login = o.offered_by
left join account t on t.login = o.closed_by
where o.manifest_id = %(manifest)s
order by o.closed_at is not null, o.offered_at desc, o.offer_id desc limit %(limit)s;

-- name: find_units
-- Units by their id, by the whole number of a seal, or by their station.
with found as (
    select * from manifest_unit where unit_id = any(%(ids)s)
    union all select * from manifest_unit where seals && %(ids)s::text[]
    union all select * from manifest_unit where station_id = any(%(ids)s)
)
select distinct u.unit_id, u.kind, u.station_id, s.number, s.region_code, u.election
from found u left join station s using (station_id)
order by u.unit_id limit %(limit)s;
