-- name: create_incoming
-- COPY has no ON CONFLICT, so a batch lands here first.
create temp table if not exists incoming_position (like position) on commit delete rows;

-- name: copy_incoming
copy incoming_position from stdin (format binary);

-- name: admit_incoming
-- Store what is new and say which fixes that were.
insert into position select * from incoming_position
on conflict do nothing
returning device_id, fix_time, epoch, seq;

-- name: forget_known
-- A fix that came again has none of the flags that the rules came to: it must move nothing.
delete from incoming_position i
using unnest(%(device_ids)s::text[], %(fix_times)s::timestamptz[], %(epochs)s::int[],
        %(seqs)s::bigint[])
    as k(device_id, fix_time, epoch, seq)
where i.device_id = k.device_id and i.fix_time = k.fix_time
    and i.epoch = k.epoch and i.seq = k.seq;

-- name: reflag_incoming
update incoming_position i set flags = k.flags
from unnest(%(device_ids)s::text[], %(fix_times)s::timestamptz[], %(epochs)s::int[],
        %(seqs)s::bigint[], %(flags)s::int[])
    as k(device_id, fix_time, epoch, seq, flags)
where i.device_id = k.device_id and i.fix_time = k.fix_time
    and i.epoch = k.epoch and i.seq = k.seq;

-- name: update_latest
-- Move the live positions, never back: a fix counts for its own time, or for its receipt
-- where its clock ran ahead. A fix with one of the flags `not_live` moves nothing.
insert into latest_position as latest
select distinct on (device_id) device_id, fix_time, epoch, seq, received_at, lat_deg, lon_deg,
    speed_kmh, course_deg, altitude_m, accuracy_m, hdop, satellites, battery_pct, signal_dbm,
    buffered, jamming, mock, source, flags, pg_current_xact_id()
from incoming_position
where flags & %(not_live)s = 0
order by device_id, case when flags & 1 = 1 then received_at else fix_time end desc,
    epoch desc, seq desc
on conflict (device_id) do update set
    (fix_time, epoch, seq, received_at, lat_deg, lon_deg, speed_kmh, course_deg, altitude_m,
        accuracy_m, hdop, satellites, battery_pct, signal_dbm, buffered, jamming, mock,
        source, flags, changed_xid)
    = (excluded.fix_time, excluded.epoch, excluded.seq, excluded.received_at,
        excluded.lat_deg, excluded.lon_deg, excluded.speed_kmh, excluded.course_deg,
        excluded.altitude_m, excluded.accuracy_m, excluded.hdop, excluded.satellites,
        excluded.battery_pct, excluded.signal_dbm, excluded.buffered, excluded.jamming,
        excluded.mock, excluded.source, excluded.flags, excluded.changed_xid)
where (case when excluded.flags & 1 = 1 then excluded.received_at else excluded.fix_time end,
        excluded.epoch, excluded.seq)
    > (case when latest.flags & 1 = 1 then latest.received_at else latest.fix_time end,
        latest.epoch, latest.seq);

-- name: reflag
-- A fix that an earlier transaction stored leaves the flags it had until now in the history;
-- one of the batch in hand does not. A redelivered fix of the batch differs in its receipt.
with judged as (
    select p.device_id, p.fix_time, p.epoch, p.seq, p.received_at,
        p.flags as flags_before, k.flags as flags_after
    from unnest(%(device_ids)s::text[], %(fix_times)s::timestamptz[], %(epochs)s::int[],
            %(seqs)s::bigint[], %(flags)s::int[])
        as k(device_id, fix_time, epoch, seq, flags)
    join position p on p.device_id = k.device_id and p.fix_time = k.fix_time
        and p.epoch = k.epoch and p.seq = k.seq
    where p.flags <> k.flags
),
history as (
    insert into position_reflag (device_id, fix_time, epoch, seq, flags_before, flags_after)
    select device_id, fix_time, epoch, seq, flags_before, flags_after
    from judged j
    where not exists (
        select from incoming_position i
        where i.device_id = j.device_id and i.fix_time = j.fix_time and i.epoch = j.epoch
            and i.seq = j.seq and i.received_at = j.received_at
    )
)
update position p set flags = j.flags_after
from judged j
where p.device_id = j.device_id and p.fix_time = j.fix_time
    and p.epoch = j.epoch and p.seq = j.seq;

-- name: since
-- Fixes of devices, each after its own time, for folding again.
select p.device_id, fix_time, epoch, seq, received_at, lat_deg, lon_deg, speed_kmh, course_deg,
    altitude_m, accuracy_m, hdop, satellites, battery_pct, signal_dbm, buffered, jamming, mock,
    source, flags
from unnest(%(device_ids)s::text[], %(afters)s::timestamptz[]) as k(device_id, after)
join lateral (
    select * from position where device_id = k.device_id and fix_time > k.after
) p on true;

-- name: between
-- Fixes of devices that count for a time after `after` and up to `until`: their own, or that
-- of their receipt where their clock ran ahead.
select device_id, fix_time, epoch, seq, received_at, lat_deg, lon_deg, speed_kmh, course_deg,
    altitude_m, accuracy_m, hdop, satellites, battery_pct, signal_dbm, buffered, jamming, mock,
    source, flags
from position
where device_id = any(%(device_ids)s) and fix_time > %(after)s
    and case when flags & 1 = 1 then received_at > %(after)s and received_at <= %(until)s
        else fix_time <= %(until)s end;

-- name: latest
select device_id, fix_time, epoch, seq, received_at, lat_deg, lon_deg, speed_kmh, course_deg,
    altitude_m, accuracy_m, hdop, satellites, battery_pct, signal_dbm, buffered, jamming, mock,
    source, flags
from latest_position;

-- name: export
-- Fixes by fix time, for others.
select device_id, fix_time, epoch, seq, received_at, lat_deg, lon_deg, speed_kmh, course_deg,
    altitude_m, accuracy_m, hdop, satellites, battery_pct, signal_dbm, buffered, jamming, mock,
    source, flags
from position
where fix_time >= %(since)s and fix_time < %(until)s
    and (%(device_id)s::text is null or device_id = %(device_id)s)
order by fix_time, device_id, epoch, seq;
