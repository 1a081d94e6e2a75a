-- name: register_unknown
-- A device that no plan knows: kept, and shown as not registered.
insert into device (device_id, kind, name, report_interval_s, registered)
select device_id, 'TRACKER', device_id, 30, false
from unnest(%(device_ids)s::text[]) as k(device_id)
order by device_id
on conflict do nothing;
