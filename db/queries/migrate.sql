-- name: lock
-- Wait until no other process migrates this database.
select pg_advisory_lock(%(lock)s);

-- name: create_ledger
create table if not exists migration (
    name text primary key,
    checksum text not null,
    applied_at timestamptz not null default now()
);

-- name: applied
select name, checksum from migration order by name;

-- name: create_extension
create extension if not exists timescaledb;

-- name: edition
-- apache or timescale; null where the library is not loaded.
select current_setting('timescaledb.license', true);

-- name: record
insert into migration (name, checksum) values (%(name)s, %(checksum)s);

-- name: has_ledger
select to_regclass('migration') is not null;

-- name: versions
-- Of the server, and of TimescaleDB in this database (null before the first migration).
select current_setting('server_version'),
    (select extversion from pg_extension where extname = 'timescaledb');
