-- name: record
-- Note numbers as received; returns how far each device may free its ring.
insert into sequence_ledger as ledger (device_id, epoch, received, oldest_seq)
select device_id, epoch, range_agg(int8range(seq, seq, '[]')), max(oldest_seq)
from unnest(%(device_ids)s::text[], %(epochs)s::int[], %(seqs)s::bigint[],
        %(oldest_seqs)s::bigint[])
    as k(device_id, epoch, seq, oldest_seq)
group by device_id, epoch
-- in one order everywhere, so that two writers cannot block each other
order by device_id, epoch
on conflict (device_id, epoch) do update set
    received = ledger.received + excluded.received,
    oldest_seq = greatest(ledger.oldest_seq, excluded.oldest_seq)
returning device_id, epoch, case
    -- nearly always one run from the first number on
    when received = int8multirange(int8range(1, upper(received))) then upper(received) - 1
    else (
        select case when lower(r) = 1 then upper(r) - 1 else 0 end
        from unnest(received + int8multirange(int8range(1, oldest_seq))) as r
        limit 1
    )
end;

-- name: gaps
select device_id, epoch, lower(r) as from_seq, upper(r) - 1 as to_seq
from sequence_gap, unnest(lost) as r
order by device_id, epoch, from_seq;
