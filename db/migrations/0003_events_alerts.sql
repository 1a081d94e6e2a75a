-- Events are facts and are never changed; one that later data disproves is superseded.
create table event (
    event_id bigint generated always as identity primary key,
    event_key text not null,
    kind text not null,
    origin text not null check (origin in ('DEVICE', 'RULE', 'WATCH')),
    device_id text not null,
    shipment_id text,
    facility_id text,
    event_time timestamptz not null,
    -- time of the fix at which it was decided; event_time may be earlier
    decided_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    late_by_s double precision,
    alert_key text,
    lat_deg double precision,
    lon_deg double precision,
    detail jsonb not null default '{}',
    superseded_at timestamptz
);
create unique index event_key_current on event (event_key) where superseded_at is null;
create index event_time on event (event_time);
create index event_device_decided on event (device_id, decided_at);
create index event_alert_key on event (alert_key, decided_at) where superseded_at is null;

-- What devices report beside fixes, as they said it; events are what follows from it.
create table device_report (
    device_id text not null,
    epoch integer not null,
    seq bigint not null,
    kind text not null,
    event_time timestamptz not null,
    received_at timestamptz not null,
    buffered boolean not null,
    lat_deg double precision,
    lon_deg double precision,
    accuracy_m real,
    seal_no text,
    light_lux real,
    battery_pct real,
    note text,
    primary key (device_id, event_time, epoch, seq, kind)
);

-- Snapshots of a device's rule state: a late fix, or a restart, folds the stored
-- positions again from the newest snapshot before it.
create table rule_snapshot (
    device_id text not null,
    at timestamptz not null,
    state jsonb not null,
    primary key (device_id, at)
);

create table alert (
    alert_id bigint generated always as identity primary key,
    alert_key text not null,
    rule text not null,
    severity smallint not null check (severity between 1 and 4),
    programme text not null,
    device_id text,
    shipment_id text,
    facility_id text,
    state text not null,
    opened_at timestamptz not null,
    raised_at timestamptz not null default now(),
    last_seen_at timestamptz not null,
    cleared_at timestamptz,
    late_by_s double precision,
    occurrences integer not null default 1,
    detail jsonb not null default '{}',
    assignee text,
    changed_xid xid8 not null default pg_current_xact_id()
);
create unique index alert_open_key on alert (alert_key)
    where state in ('NEW', 'ACKNOWLEDGED', 'IN_PROGRESS');
create index alert_raised on alert (raised_at);

create table alert_event (
    alert_id bigint not null references alert,
    event_id bigint not null references event,
    primary key (alert_id, event_id)
);

create table alert_step (
    alert_step_id bigint generated always as identity primary key,
    alert_id bigint not null references alert,
    at timestamptz not null default now(),
    actor text not null,
    trigger text not null,
    from_state text,
    to_state text not null,
    note text
);
create index alert_step_alert on alert_step (alert_id);

create table rejection (
    rejection_id bigint generated always as identity primary key,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    occurrences bigint not null default 1,
    topic text not null,
    device_id text,
    field text not null,
    reason text not null,
    payload bytea not null,
    payload_size integer not null,
    fingerprint text not null unique
);
create index rejection_last_seen on rejection (last_seen_at);
