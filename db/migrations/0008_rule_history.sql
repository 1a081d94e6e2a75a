-- Which thresholds were in force when. Late data is judged by what applied at its own time,
-- so each change is kept from the time on from which it holds: of the settings when ingest
-- starts with others (SETTINGS: all thresholds), of the plan when an import says something
-- else of them (PLAN: {"operation": {}, "leg_rules": [], "shipments": {id: {}}}).
create table rule_change (
    rule_change_id bigint generated always as identity primary key,
    valid_from timestamptz not null,
    recorded_at timestamptz not null default now(),
    actor text not null,
    source text not null check (source in ('SETTINGS', 'PLAN')),
    document jsonb not null
);

create index rule_change_newest on rule_change (source, rule_change_id desc);
