-- name: carried
select shipment_id, device_id, valid_from, valid_until
from assignment where shipment_id = any(%(shipments)s);

-- name: planned_places
-- Where the plan of a shipment leads through: its ends, waypoints, and ends of its manifests.
select s.shipment_id, array_remove(array[s.from_facility, s.to_facility]
    || array(select w ->> 'facility_id' from jsonb_array_elements(r.waypoints) w)
    || array(select w ->> 'facility' from jsonb_array_elements(r.waypoints) w)
    || array(select from_place from manifest m where m.shipment_id = s.shipment_id)
    || array(select to_place from manifest m where m.shipment_id = s.shipment_id), null)
from shipment s left join route r using (route_id)
where s.shipment_id = any(%(shipments)s);

-- name: fences
select facility_id, lat_deg, lon_deg, fence_radius_m, fence_polygon
from facility where facility_id = any(%(places)s);

-- name: crossings
-- From a week before a device was with a shipment: it may have stood where it was loaded.
select distinct e.device_id, e.facility_id, e.event_time, e.kind = 'fence_entered'
from unnest(%(device_ids)s::text[], %(sinces)s::timestamptz[], %(untils)s::timestamptz[])
    as k(device_id, since, until)
join event e on e.device_id = k.device_id and e.decided_at >= k.since - interval '7 days'
where e.kind in ('fence_entered', 'fence_left') and e.superseded_at is null
    and e.facility_id = any(%(places)s)
    and (k.until is null or e.event_time <= k.until + interval '1 day');

-- name: silences
select distinct e.device_id, e.event_time, e.kind
from unnest(%(device_ids)s::text[], %(sinces)s::timestamptz[]) as k(device_id, since)
join event e on e.device_id = k.device_id and e.decided_at >= k.since
where e.kind in ('silence', 'silence_held', 'silence_ended', 'never_heard')
    and e.superseded_at is null;

-- name: departures
select distinct e.shipment_id, e.event_time
from unnest(%(device_ids)s::text[], %(sinces)s::timestamptz[]) as k(device_id, since)
join event e on e.device_id = k.device_id and e.decided_at >= k.since
where e.kind = 'shipment_departed' and e.superseded_at is null
    and e.shipment_id = any(%(shipments)s);

-- name: fixes
-- The good fixes of a device that are nearest to a time, before and after it.
select distinct k.manifest_id, k.device_id, p.fix_time, p.lat_deg, p.lon_deg,
    p.accuracy_m
from unnest(%(manifest_ids)s::text[], %(device_ids)s::text[], %(ats)s::timestamptz[],
    %(sinces)s::timestamptz[], %(untils)s::timestamptz[])
    as k(manifest_id, device_id, at, since, until)
cross join lateral (
    (select fix_time, lat_deg, lon_deg, accuracy_m from position
    where device_id = k.device_id and fix_time <= k.at and fix_time >= k.at - interval '1 day'
        and fix_time >= k.since and fix_time < coalesce(k.until, 'infinity')
        and flags & %(unusable)s = 0
    order by fix_time desc limit 1)
    union all
    (select fix_time, lat_deg, lon_deg, accuracy_m from position
    where device_id = k.device_id and fix_time > k.at and fix_time <= k.at + interval '1 day'
        and fix_time >= k.since and fix_time < coalesce(k.until, 'infinity')
        and flags & %(unusable)s = 0
    order by fix_time limit 1)
) p;
