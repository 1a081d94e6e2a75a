-- name: states
select connector, cursor, etag, last_attempt_at, last_success_at, failures, last_error, records,
    refused, next_attempt_at
from connector_state
order by connector;

-- name: state
select connector, cursor, etag, last_attempt_at, last_success_at, failures, last_error, records,
    refused, next_attempt_at
from connector_state
where connector = %(connector)s;

-- name: attempt
insert into connector_state (connector, last_attempt_at)
values (%(connector)s, %(now)s)
on conflict (connector) do update set last_attempt_at = excluded.last_attempt_at;

-- name: advance
-- Nothing where another process moved the place meanwhile.
update connector_state
set cursor = %(cursor)s, etag = %(mark)s, records = records + %(records)s,
    refused = refused + %(refused)s
where connector = %(connector)s and cursor is not distinct from %(was)s::text;

-- name: begin_again
update connector_state set cursor = null, etag = null where connector = %(connector)s;

-- name: succeed
insert into connector_state (connector, last_attempt_at, last_success_at, records, refused,
    next_attempt_at)
values (%(connector)s, %(now)s, %(now)s, %(records)s, %(refused)s, %(next_attempt_at)s)
on conflict (connector) do update set
    last_attempt_at = excluded.last_attempt_at, last_success_at = excluded.last_success_at,
    failures = 0, last_error = null,
    records = connector_state.records + excluded.records,
    refused = connector_state.refused + excluded.refused,
    next_attempt_at = excluded.next_attempt_at;

-- name: fail
insert into connector_state (connector, last_attempt_at, failures, last_error, next_attempt_at)
values (%(connector)s, %(now)s, 1, %(error)s, %(next_attempt_at)s)
on conflict (connector) do update set
    last_attempt_at = excluded.last_attempt_at,
    failures = connector_state.failures + 1, last_error = excluded.last_error,
    next_attempt_at = excluded.next_attempt_at;

-- name: take_message
-- A second delivery waits for the first to commit, and then finds its id.
insert into webhook_message (webhook, message_id, received_at)
values (%(webhook)s, %(message_id)s, %(now)s)
on conflict do nothing
returning 1;

-- name: forget_messages
delete from webhook_message where received_at < %(before)s;
