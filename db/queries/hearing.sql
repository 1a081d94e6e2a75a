-- name: load
-- When each device was last heard, and how often it should be. A last will (offline, with
-- no time of its own) is the broker's word, not the device's.
select d.device_id,
    coalesce(s.report_interval_s, d.report_interval_s) as report_interval_s,
    greatest(
        p.received_at,
        case when s.state <> 'offline' or s.reported_at is not null then s.received_at end
    ) as heard_at
from device d
left join latest_position p using (device_id)
left join device_status s using (device_id);

-- name: silent
select device_id, shipment_id from alert
where rule = 'SILENCE' and cleared_at is null
    and state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS');

-- name: held
-- The last word of the watch on each device, where it is that silence is expected.
select device_id, shipment_id, (detail->>'expected_exit')::timestamptz as expected_exit
from (
    select distinct on (device_id) device_id, shipment_id, kind, detail
    from event
    where origin = 'WATCH' and superseded_at is null
        and kind in ('silence_held', 'silence', 'never_heard', 'silence_ended')
    order by device_id, decided_at desc, event_id desc
) as said
where kind = 'silence_held' and shipment_id is not null;
