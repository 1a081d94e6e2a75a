-- name: put
-- In one order for all, so that two writers never wait for each other in a circle.
insert into rule_set (version, rules)
select key, value from jsonb_each(%(rule_sets)s) order by key
on conflict (version) do nothing;

-- name: note
-- Only what differs from the newest of its source is a change.
insert into rule_change (valid_from, actor, source, document)
select coalesce(%(at)s::timestamptz, now()), %(actor)s, %(source)s, %(document)s
where %(document)s::jsonb is distinct from (
    select document from rule_change where source = %(source)s
    order by rule_change_id desc limit 1
)
returning rule_change_id;

-- name: changes
select source, valid_from, document from rule_change order by valid_from, rule_change_id;

-- name: log
select valid_from, recorded_at, actor, source, document from rule_change
order by valid_from, rule_change_id;
