-- The work on an alert beside its state: who has it, how far it was escalated, whether it is
-- shelved, comes quietly, or belongs to an incident.
alter table alert
    -- since when it waits for a person: raised, or given back by shelf or incident
    add column waiting_since timestamptz not null default now(),
    add column escalation smallint not null default 0 check (escalation between 0 and 3),
    add column escalated_at timestamptz,
    -- when a person ended it; the rules' end is cleared_at
    add column closed_at timestamptz,
    add column shelved_until timestamptz,
    add column shelved_by text,
    add column shelf_reason text,
    add column quiet boolean not null default false,
    -- how often the same came again, each within the cooldown of the one before
    add column recurrences integer not null default 0,
    add column parent_id bigint references alert,
    add check (num_nulls(shelved_until, shelved_by, shelf_reason) in (0, 3)),
    add check (parent_id <> alert_id);

create index alert_key_newest on alert (alert_key, alert_id desc);
create index alert_waiting on alert (waiting_since) where state = 'NEW';
create index alert_shelved on alert (shelved_until) where shelved_until is not null;
create index alert_parent on alert (parent_id) where parent_id is not null;

-- Whom a step assigned it to, and until when it was shelved.
alter table alert_step
    add column assignee text,
    add column until timestamptz;
