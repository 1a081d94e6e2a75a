-- name: alert
-- An alert with the names that people read, and what its thresholds depend on.
select
    a.alert_id, a.rule, a.device_id, a.shipment_id, place.name as place,
    expected.name as expected, a.group_id,
    coalesce(place.tz, destination.tz, a.detail ->> 'tz', 'Asia/Jakarta') as tz,
    a.opened_at, a.raised_at, a.cleared_at, a.late_by_s, a.detail as numbers,
    a.rules_version, s.mode, s.direction,
    coalesce((select array_agg(distinct leg ->> 'mode') from jsonb_array_elements(r.legs) leg),
        '{}') as leg_modes
from alert a
left join shipment s using (shipment_id)
left join route r using (route_id)
left join facility destination on destination.facility_id = s.to_facility
left join facility place on place.facility_id = a.facility_id
left join facility expected on expected.facility_id = a.detail ->> 'expected'
where a.alert_id = %(alert_id)s;

-- name: events
-- Those that opened it and those that ended it, in the order of their time. One that ended
-- it is not linked: it has the alert's key and was decided while it was open.
select event_id, kind, event_time, decided_at, recorded_at, late_by_s, detail as numbers,
    superseded_at, rules_version
from event
where event_id in (select event_id from alert_event where alert_id = %(alert_id)s)
    or (alert_key = (select alert_key from alert where alert_id = %(alert_id)s)
        and event_time = (select cleared_at from alert where alert_id = %(alert_id)s))
order by event_time, event_id;

-- name: rule_set
select rules from rule_set where version = %(version)s;
