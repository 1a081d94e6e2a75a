-- name: record
-- The same message refused again for the same reason is counted, not kept again.
insert into rejection (first_seen_at, last_seen_at, topic, device_id, field, reason, payload,
    payload_size, fingerprint)
values (%(at)s, %(at)s, %(topic)s, %(device_id)s, %(field)s, %(reason)s, %(payload)s,
    %(payload_size)s, %(fingerprint)s)
on conflict (fingerprint) do update set
    last_seen_at = greatest(rejection.last_seen_at, excluded.last_seen_at),
    occurrences = rejection.occurrences + 1;

-- name: newest
select first_seen_at, last_seen_at, occurrences, topic, device_id, field, reason, payload,
    payload_size
from rejection
where last_seen_at >= %(since)s
order by last_seen_at desc, rejection_id desc
limit %(limit)s;
