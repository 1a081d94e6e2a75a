-- The plan: what should move, along which way, watched by which device.
create extension if not exists timescaledb;

create table facility (
    facility_id text primary key,
    kind text not null,
    name text not null,
    region_code text not null,
    tz text not null,
    lat_deg double precision not null,
    lon_deg double precision not null,
    fence_radius_m double precision,
    fence_polygon jsonb,
    signal text not null,
    is_3t boolean not null,
    check ((fence_radius_m is null) <> (fence_polygon is null))
);

create table route (
    route_id text primary key,
    name text not null,
    half_width_m double precision not null check (half_width_m > 0),
    line jsonb not null
);

create table shipment (
    shipment_id text primary key,
    surat_jalan_no text,
    direction text not null,
    mode text not null,
    from_facility text not null references facility,
    to_facility text not null references facility,
    route_id text references route,
    planned_departure timestamptz not null,
    planned_arrival timestamptz not null,
    status text not null,
    vehicle text,
    carrier text,
    escort text,
    seals text[] not null,
    box_count integer
);

-- A device that reports before any plan knows it is kept all the same: registered is
-- false, and the screen shows it as unassigned.
create table device (
    device_id text primary key,
    kind text not null,
    name text not null,
    report_interval_s double precision not null,
    registered boolean not null
);

create table assignment (
    device_id text not null references device,
    shipment_id text not null references shipment,
    valid_from timestamptz not null,
    valid_until timestamptz,
    primary key (device_id, valid_from)
);
create index assignment_shipment on assignment (shipment_id);

create table plan_import (
    plan_import_id bigint generated always as identity primary key,
    imported_at timestamptz not null default now(),
    imported_by text not null,
    sha256 text not null,
    operation jsonb not null,
    document jsonb not null,
    changes jsonb not null
);
