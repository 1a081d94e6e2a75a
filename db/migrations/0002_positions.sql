-- Positions: the natural key makes a redelivered fix a no-op. One covering index is
-- both that key and the track query (a second index would cost every insert).
create table position (
    device_id text not null,
    fix_time timestamptz not null,
    epoch integer not null,
    seq bigint not null,
    received_at timestamptz not null,
    lat_deg double precision not null,
    lon_deg double precision not null,
    speed_kmh real,
    course_deg real,
    altitude_m real,
    accuracy_m real not null,
    hdop real,
    satellites smallint,
    battery_pct real,
    signal_dbm real,
    buffered boolean not null,
    jamming smallint not null,
    mock boolean not null,
    source text not null,
    flags integer not null,
    primary key (device_id, fix_time, epoch, seq)
        include (lat_deg, lon_deg, speed_kmh, course_deg, accuracy_m, flags)
);

-- Chunks live in a schema of their own: a chunk that is selected directly would
-- bypass the row security of its hypertable.
create schema position_chunk;
select create_hypertable(
    'position', 'fix_time',
    chunk_time_interval => interval '1 day',
    create_default_indexes => false,
    associated_schema_name => 'position_chunk'
);

-- The newest fix of each device by fix time. fillfactor keeps the updates HOT; no
-- index on changed_xid for the same reason (a scan of 5,000 rows takes about 1 ms).
-- changed_xid with pg_snapshot_xmin() is an exact feed of changed rows for any number
-- of writers, where a sequence would skip rows that commit out of order.
create table latest_position (
    device_id text primary key,
    fix_time timestamptz not null,
    epoch integer not null,
    seq bigint not null,
    received_at timestamptz not null,
    lat_deg double precision not null,
    lon_deg double precision not null,
    speed_kmh real,
    course_deg real,
    altitude_m real,
    accuracy_m real not null,
    hdop real,
    satellites smallint,
    battery_pct real,
    signal_dbm real,
    buffered boolean not null,
    jamming smallint not null,
    mock boolean not null,
    source text not null,
    flags integer not null,
    changed_xid xid8 not null default pg_current_xact_id()
) with (fillfactor = 50);

-- What of each device's numbering is here. Numbers below oldest_seq are awaited no more;
-- what is missing below it is lost. How far a device may free its ring, and what it lost,
-- follow from the two.
create table sequence_ledger (
    device_id text not null,
    epoch integer not null,
    received int8multirange not null,
    oldest_seq bigint not null,
    primary key (device_id, epoch)
) with (fillfactor = 50);

create view sequence_gap as
select device_id, epoch, int8multirange(int8range(1, oldest_seq)) - received as lost
from sequence_ledger
where int8multirange(int8range(1, oldest_seq)) - received <> '{}';

create table device_status (
    device_id text primary key,
    state text not null,
    reason text,
    reported_at timestamptz,
    received_at timestamptz not null,
    firmware text,
    report_interval_s double precision,
    battery_pct real,
    signal_dbm real,
    ring_used integer,
    ring_capacity integer,
    changed_xid xid8 not null default pg_current_xact_id()
) with (fillfactor = 50);
