-- name: lock
-- Imports wait for each other until the transaction ends.
select pg_advisory_xact_lock(%(lock)s);

-- name: load
-- The stored plan as one document, in one statement so that it is of one moment.
select jsonb_build_object(
    'format', 'kawal-plan',
    'version', 1,
    'operation', coalesce(
        (select operation from plan_import order by plan_import_id desc limit 1),
        %(no_operation)s
    ),
    'facilities', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', facility_id, 'kind', kind, 'name', name, 'region', region_code, 'tz', tz,
            'lat_deg', lat_deg, 'lon_deg', lon_deg,
            'fence', jsonb_build_object('radius_m', fence_radius_m, 'polygon', fence_polygon),
            'signal', signal, 'is_3t', is_3t
        ) order by facility_id), '[]') from facility
    ),
    'routes', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', route_id, 'name', name, 'half_width_m', half_width_m, 'line', line,
            'waypoints', waypoints, 'legs', legs, 'blankspots', blankspots
        ) order by route_id), '[]') from route
    ),
    'shipments', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', shipment_id, 'surat_jalan_no', surat_jalan_no, 'direction', direction,
            'mode', mode, 'from', from_facility, 'to', to_facility, 'route', route_id,
            'planned_departure', planned_departure, 'planned_arrival', planned_arrival,
            'status', status, 'vehicle', vehicle, 'carrier', carrier, 'escort', escort,
            'seals', seals, 'box_count', box_count, 'rules', rules
        ) order by shipment_id), '[]') from shipment
    ),
    'devices', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', device_id, 'kind', kind, 'name', name, 'report_interval_s', report_interval_s
        ) order by device_id), '[]') from device where registered
    ),
    'assignments', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'device', device_id, 'shipment', shipment_id,
            'from', valid_from, 'until', valid_until
        ) order by device_id, valid_from), '[]') from assignment
    ),
    'convoys', (
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', convoy_id, 'name', name, 'shipments', shipments, 'escorts', escorts
        ) order by convoy_id), '[]') from convoy
    )
)::text;

-- name: version
-- Rises with each import that changed something; 0 before the first.
select coalesce(max(plan_import_id), 0) from plan_import;

-- name: put_facility
insert into facility (
    facility_id, kind, name, region_code, tz, lat_deg, lon_deg,
    fence_radius_m, fence_polygon, signal, is_3t
) values (
    %(id)s, %(kind)s, %(name)s, %(region)s, %(tz)s, %(lat_deg)s, %(lon_deg)s,
    %(radius_m)s, %(polygon)s, %(signal)s, %(is_3t)s
) on conflict (facility_id) do update set
    kind = excluded.kind, name = excluded.name, region_code = excluded.region_code,
    tz = excluded.tz, lat_deg = excluded.lat_deg, lon_deg = excluded.lon_deg,
    fence_radius_m = excluded.fence_radius_m, fence_polygon = excluded.fence_polygon,
    signal = excluded.signal, is_3t = excluded.is_3t;

-- name: put_route
insert into route (route_id, name, half_width_m, line, waypoints, legs, blankspots)
values (%(id)s, %(name)s, %(half_width_m)s, %(line)s, %(waypoints)s, %(legs)s, %(blankspots)s)
on conflict (route_id) do update set
    name = excluded.name, half_width_m = excluded.half_width_m, line = excluded.line,
    waypoints = excluded.waypoints, legs = excluded.legs, blankspots = excluded.blankspots;

-- name: put_shipment
insert into shipment (
    shipment_id, surat_jalan_no, direction, mode, from_facility, to_facility, route_id,
    planned_departure, planned_arrival, status, vehicle, carrier, escort, seals, box_count,
    rules
) values (
    %(id)s, %(surat_jalan_no)s, %(direction)s, %(mode)s, %(from_facility)s, %(to_facility)s,
    %(route_id)s, %(planned_departure)s, %(planned_arrival)s, %(status)s, %(vehicle)s,
    %(carrier)s, %(escort)s, %(seals)s, %(box_count)s,
    %(rules)s
) on conflict (shipment_id) do update set
    surat_jalan_no = excluded.surat_jalan_no, direction = excluded.direction,
    mode = excluded.mode, from_facility = excluded.from_facility,
    to_facility = excluded.to_facility, route_id = excluded.route_id,
    planned_departure = excluded.planned_departure, planned_arrival = excluded.planned_arrival,
    status = excluded.status, vehicle = excluded.vehicle, carrier = excluded.carrier,
    escort = excluded.escort, seals = excluded.seals, box_count = excluded.box_count,
    rules = excluded.rules;

-- name: put_device
-- A device that reported before any plan knew it becomes a registered one.
insert into device (device_id, kind, name, report_interval_s, registered)
values (%(id)s, %(kind)s, %(name)s, %(report_interval_s)s, true)
on conflict (device_id) do update set
    kind = excluded.kind, name = excluded.name,
    report_interval_s = excluded.report_interval_s, registered = true;

-- name: put_assignment
insert into assignment (device_id, shipment_id, valid_from, valid_until)
values (%(device_id)s, %(shipment_id)s, %(valid_from)s, %(valid_until)s)
on conflict (device_id, valid_from) do update set
    shipment_id = excluded.shipment_id, valid_until = excluded.valid_until;

-- name: put_convoy
insert into convoy (convoy_id, name, shipments, escorts)
values (%(id)s, %(name)s, %(shipments)s, %(escorts)s)
on conflict (convoy_id) do update set
    name = excluded.name, shipments = excluded.shipments, escorts = excluded.escorts;

-- name: record_import
-- The number of this import is the new version of the plan.
insert into plan_import (imported_by, sha256, operation, document, changes)
values (%(imported_by)s, %(sha256)s, %(operation)s, %(document)s, %(changes)s)
returning plan_import_id;

-- name: notify
-- Delivered at commit to whoever listens on this channel.
select pg_notify(%(channel)s, %(version)s);
