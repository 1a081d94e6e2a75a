-- What was known before: rows that are overwritten leave their old value here.

-- The flags of a fix after a later one was judged: the first judgement, in the transaction
-- that stored the fix, is no history.
create table position_reflag (
    position_reflag_id bigint generated always as identity primary key,
    device_id text not null,
    fix_time timestamptz not null,
    epoch integer not null,
    seq bigint not null,
    at timestamptz not null default now(),
    flags_before integer not null,
    flags_after integer not null
);
create index position_reflag_fix on position_reflag (device_id, fix_time);

create table shipment_status_history (
    shipment_status_history_id bigint generated always as identity primary key,
    shipment_id text not null references shipment,
    at timestamptz not null default now(),
    status_before text,
    status_after text not null
);
create index shipment_status_history_shipment on shipment_status_history (shipment_id);

-- By trigger, so that no writer can forget it.
create function keep_shipment_status() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        insert into shipment_status_history (shipment_id, status_after)
        values (new.shipment_id, new.status);
    elsif new.status <> old.status then
        insert into shipment_status_history (shipment_id, status_before, status_after)
        values (new.shipment_id, old.status, new.status);
    end if;
    return null;
end
$$;
create trigger keep_shipment_status after insert or update of status on shipment
    for each row execute function keep_shipment_status();

-- Of the shipments that are here already, what came before is not known.
insert into shipment_status_history (shipment_id, status_after)
select shipment_id, status from shipment;
