-- name: record
-- How far shipments are now; what is older than what is known changes nothing.
insert into shipment_progress as known (
    shipment_id, device_id, along_m, length_m, percent, fix_time, eta_early, eta, eta_late,
    wrong_way, stretch_mode
)
select
    shipment_id, device_id, along_m, length_m, percent, fix_time, eta_early, eta, eta_late,
    wrong_way, stretch_mode
from jsonb_to_recordset(%(rows)s) as new (
    shipment_id text, device_id text, along_m double precision, length_m double precision,
    percent double precision, fix_time timestamptz, eta_early timestamptz, eta timestamptz,
    eta_late timestamptz, wrong_way boolean, stretch_mode text
)
on conflict (shipment_id, device_id) do update set
    along_m = excluded.along_m, length_m = excluded.length_m, percent = excluded.percent,
    fix_time = excluded.fix_time, eta_early = excluded.eta_early, eta = excluded.eta,
    eta_late = excluded.eta_late, wrong_way = excluded.wrong_way,
    stretch_mode = excluded.stretch_mode, updated_at = now(),
    changed_xid = pg_current_xact_id()
where excluded.fix_time >= known.fix_time;
