-- name: lock_open
-- What is known to disagree in these manifests.
select discrepancy_key, discrepancy_id, alert_key, region_code, expected, found, detail,
    evidence, opened_at, settled_at is not null as settled
from discrepancy
where manifest_id = any(%(manifest_ids)s) and gone_at is null
order by discrepancy_id
for update;

-- name: put
-- One that is back has the owner that it had, and is settled where it was on the same numbers.
insert into discrepancy (discrepancy_key, kind, severity, manifest_id, shipment_id, station_id,
    unit_id, item, election, region_code, expected, found, detail, evidence, opened_at, found_at,
    alert_key, owner, settled_at, settled_by, settled_note)
select n.discrepancy_key, n.kind, n.severity, n.manifest_id, n.shipment_id, n.station_id,
    n.unit_id, n.item, n.election, n.region_code, n.expected, n.found, n.detail, n.evidence,
    n.opened_at, %(now)s, n.alert_key, before.owner,
    case when same then before.settled_at end, case when same then before.settled_by end,
    case when same then before.settled_note end
from jsonb_to_recordset(%(rows)s) as n(discrepancy_key text, kind text, severity smallint,
    manifest_id text, shipment_id text, station_id text, unit_id text, item text, election text,
    region_code text, expected bigint, found bigint, detail jsonb, evidence jsonb,
    opened_at timestamptz, alert_key text)
left join lateral (
    select owner, settled_at, settled_by, settled_note,
        (expected, found) is not distinct from (n.expected, n.found) as same
    from discrepancy d where d.discrepancy_key = n.discrepancy_key
    order by discrepancy_id desc limit 1
) before on true
on conflict (discrepancy_key) where gone_at is null do nothing;

-- name: change
-- Settled ones stay so unless their numbers change.
update discrepancy d set
    region_code = n.region_code, detail = n.detail, evidence = n.evidence,
    opened_at = n.opened_at, expected = n.expected, found = n.found,
    settled_at = case when n.same then d.settled_at end,
    settled_by = case when n.same then d.settled_by end,
    settled_note = case when n.same then d.settled_note end,
    changed_xid = pg_current_xact_id()
from jsonb_to_recordset(%(rows)s) as n(discrepancy_id bigint, region_code text, expected bigint,
    found bigint, detail jsonb, evidence jsonb, opened_at timestamptz, same boolean)
where d.discrepancy_id = n.discrepancy_id;

-- name: end
update discrepancy set gone_at = %(now)s, changed_xid = pg_current_xact_id()
where discrepancy_id = any(%(discrepancy_ids)s);

-- name: holding
-- What is work now, of these alerts.
select discrepancy_key, kind, manifest_id, shipment_id, station_id, unit_id, item, election,
    region_code, expected, found, detail, opened_at, alert_key
from discrepancy
where alert_key = any(%(alert_keys)s) and gone_at is null and settled_at is null
order by discrepancy_id;

-- name: last_told
-- The current event that says what an alert stands for.
select distinct on (alert_key) alert_key, kind, shipment_id, detail, decided_at
from event
where alert_key = any(%(alert_keys)s) and superseded_at is null
order by alert_key, decided_at desc, event_id desc;

-- name: places
-- The facility that each manifest goes to, where there is one.
select m.manifest_id, f.facility_id
from manifest m
left join station s on s.station_id = m.to_place
join facility f on f.facility_id = coalesce(s.facility_id, m.to_place)
where m.manifest_id = any(%(manifest_ids)s);

-- name: queue
-- The gravest first, then the newest; `after_*`: the last row of the page before.
select d.discrepancy_id, d.kind, d.severity, d.manifest_id, d.shipment_id, d.station_id, d.unit_id,
    d.item, d.election, d.region_code, d.expected, d.found, d.detail, d.evidence, d.opened_at,
    d.found_at, d.gone_at, d.owner, keeper.name as owner_name, d.settled_at, d.settled_by,
    d.settled_note, d.alert_key, a.alert_id, a.state as alert_state
from discrepancy d
left join account keeper on keeper.login = d.owner
left join lateral (
    select alert_id, state from alert where alert_key = d.alert_key order by alert_id desc limit 1
) a on true
where d.region_code like %(region)s || '%%'
    and (%(kind)s::text is null or d.kind = %(kind)s)
    and (%(owner)s::text is null or coalesce(d.owner, '-') = %(owner)s)
    and case %(state)s
        when 'OPEN' then d.gone_at is null and d.settled_at is null
        when 'SETTLED' then d.gone_at is null and d.settled_at is not null
        when 'GONE' then d.gone_at is not null
        else true end
    and (%(text)s::text is null or concat_ws(' ', d.manifest_id, d.shipment_id, d.station_id,
        d.unit_id, d.detail ->> 'document') ilike %(text)s)
    and (%(after_id)s::bigint is null or (d.severity, %(after_at)s::timestamptz, %(after_id)s)
        > (%(after_severity)s::smallint, d.opened_at, d.discrepancy_id))
order by d.severity, d.opened_at desc, d.discrepancy_id desc
limit %(limit)s;

-- name: counts
select kind, severity,
    count(*) filter (where settled_at is null) as open,
    count(*) filter (where settled_at is null and owner is null) as unowned,
    count(*) filter (where settled_at is not null) as settled,
    count(distinct manifest_id) filter (where settled_at is null) as manifests
from discrepancy
where gone_at is null and region_code like %(region)s || '%%'
group by kind, severity
order by severity, kind;

-- name: some
-- Those of a manifest, or one alone: what holds first.
select d.discrepancy_id, d.kind, d.severity, d.manifest_id, d.shipment_id, d.station_id, d.unit_id,
    d.item, d.election, d.region_code, d.expected, d.found, d.detail, d.evidence, d.opened_at,
    d.found_at, d.gone_at, d.owner, keeper.name as owner_name, d.settled_at, d.settled_by,
    d.settled_note, d.alert_key, a.alert_id, a.state as alert_state
from discrepancy d
left join account keeper on keeper.login = d.owner
left join lateral (
    select alert_id, state from alert where alert_key = d.alert_key order by alert_id desc limit 1
) a on true
where (%(discrepancy_id)s::bigint is null or d.discrepancy_id = %(discrepancy_id)s)
    and (%(manifest_id)s::text is null or d.manifest_id = %(manifest_id)s)
order by d.gone_at is not null, d.settled_at is not null, d.severity, d.opened_at desc,
    d.discrepancy_id desc;

-- name: steps
select s.at, s.actor, coalesce(account.name, s.actor) as actor_name, s.step, s.note, s.owner
from discrepancy_step s left join account on account.login = s.actor
where s.discrepancy_id = %(discrepancy_id)s
order by s.discrepancy_step_id;
