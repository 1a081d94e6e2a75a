-- name: lock
-- One checkpoint at a time; its number is of no meaning.
select pg_advisory_xact_lock(720011);

-- name: newest
select hash from custody_checkpoint order by checkpoint_id desc limit 1;

-- name: lock_moved
-- Heads that moved since the last checkpoint. One that is being appended to waits for the next.
select chain from custody_head where seq > checkpoint_seq order by chain for update skip locked;

-- name: take_moved
-- A statement of its own, since it must see all that was committed before the lock.
update custody_head h set checkpoint_seq = h.seq
from custody_head own left join custody_event e on e.chain = own.chain and e.seq = own.seq
where own.chain = h.chain and h.chain = any(%(chains)s)
returning h.chain, h.seq, h.hash, e.hash is not distinct from h.hash;

-- name: chains
select count(*) from custody_head where checkpoint_seq > 0;

-- name: put
insert into custody_checkpoint (at, chains, heads_hash, prev_hash, hash, public_key, signature,
    heads)
values (%(at)s, %(chains)s, %(heads_hash)s, %(prev_hash)s, %(hash)s, %(public_key)s,
    %(signature)s, %(heads)s);

-- name: of_chain
-- Checkpoints that have a head of the chain, oldest first.
select checkpoint_id, at, chains, heads_hash, prev_hash, hash, public_key, signature, heads
from custody_checkpoint where heads ? %(chain)s order by checkpoint_id;

-- name: all
select checkpoint_id, at, chains, heads_hash, prev_hash, hash, public_key, signature, heads
from custody_checkpoint order by checkpoint_id;

-- name: heads
select chain, seq, hash from custody_head where seq > 0;

-- name: rows
-- The whole ledger, each row with its columns.
select chain, seq, body, prev_hash, hash, event_uuid::text, step, event_time, recorded_at, place,
    region_code, shipment_id, units, actor
from custody_event order by chain, seq;
