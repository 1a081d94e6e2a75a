-- How far each shipment is and when it is expected, as ingest last reckoned it. A row of what
-- follows from the fixes: it may be thrown away, and comes back with the next ones.
create table shipment_progress (
    shipment_id text not null,
    device_id text not null,
    along_m double precision not null,
    length_m double precision not null check (length_m > 0),
    percent double precision not null check (percent between 0 and 100),
    -- of the newest good fix, from which all of this follows
    fix_time timestamptz not null,
    eta_early timestamptz,
    eta timestamptz,
    eta_late timestamptz,
    wrong_way boolean not null,
    stretch_mode text not null,
    updated_at timestamptz not null default now(),
    changed_xid xid8 not null default pg_current_xact_id(),
    primary key (shipment_id, device_id)
);
create index shipment_progress_changed on shipment_progress (changed_xid);
