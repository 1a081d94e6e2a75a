-- What the rules of part 2 need of the plan, and which settings an event was decided on.
alter table route
    add column waypoints jsonb not null default '[]',
    add column legs jsonb not null default '[]',
    add column blankspots jsonb not null default '[]';
alter table shipment add column rules jsonb not null default '{}';

create table convoy (
    convoy_id text primary key,
    name text not null,
    shipments text[] not null,
    escorts text[] not null
);

-- Every set of thresholds that an event was ever decided on, named by the hash of its
-- content: the same settings have the same version, whoever sets them and when.
create table rule_set (
    version text primary key,
    rules jsonb not null,
    first_used_at timestamptz not null default now()
);

-- group_id: a convoy, or an incident of several devices; null for an event of one device.
alter table event add column rules_version text references rule_set;
alter table event add column group_id text;
create index event_group_decided on event (group_id, decided_at) where group_id is not null;
alter table alert add column rules_version text references rule_set;
alter table alert add column group_id text;
