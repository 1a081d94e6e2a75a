-- name: create_verdict
-- What becomes of each row of one kind and round; those that change nothing are not in it.
create temp table verdict (seq bigint, state text, stored_revision integer, first_seq bigint)
on commit drop;

-- name: clear_verdict
truncate verdict;

-- name: analyze_verdict
analyze verdict;

-- name: verdicts
select state, count(*) from verdict group by state;

-- name: drop_verdict
drop table verdict;

-- name: judge_station
insert into verdict (seq, state, stored_revision)
select seq, state, stored_revision from (
    select s.seq, t.revision as stored_revision, import_state(
        s.revision, s.content_hash, t.revision, t.content_hash, s.revision
    ) as state
    from stage_station s
    left join station t on t.station_id = s.station_id
    where s.round = %(round)s
) judged where state <> 'SAME';

-- name: judge_manifest
insert into verdict (seq, state, stored_revision)
select seq, state, stored_revision from (
    select s.seq, t.revision as stored_revision, import_state(
        s.revision, s.content_hash, t.revision, t.content_hash, s.revision
    ) as state
    from stage_manifest s
    left join manifest t on t.manifest_id = s.manifest_id
    where s.round = %(round)s
) judged where state <> 'SAME';

-- name: judge_line
insert into verdict (seq, state, stored_revision)
select seq, state, stored_revision from (
    select s.seq, greatest(t.revision, o.revision) as stored_revision, import_state(
        s.revision, s.content_hash, t.revision, t.content_hash, o.revision
    ) as state
    from stage_line s
    left join manifest o on o.manifest_id = s.manifest_id
    left join manifest_line t on t.manifest_id = s.manifest_id and t.line_no = s.line_no
    where s.round = %(round)s
) judged where state <> 'SAME';

-- name: judge_unit
insert into verdict (seq, state, stored_revision)
select seq, state, stored_revision from (
    select s.seq, greatest(t.revision, o.revision) as stored_revision, import_state(
        s.revision, s.content_hash, t.revision, t.content_hash, o.revision
    ) as state
    from stage_unit s
    left join manifest o on o.manifest_id = s.manifest_id
    left join manifest_unit t on t.manifest_id = s.manifest_id and t.unit_id = s.unit_id
    where s.round = %(round)s
) judged where state <> 'SAME';

-- name: judge_document
insert into verdict (seq, state, stored_revision)
select seq, state, stored_revision from (
    select s.seq, greatest(t.revision, o.revision) as stored_revision, import_state(
        s.revision, s.content_hash, t.revision, t.content_hash, o.revision
    ) as state
    from stage_document s
    left join manifest o on o.manifest_id = s.manifest_id
    left join manifest_document t
        on t.manifest_id = s.manifest_id and t.kind = s.kind and t.number = s.number
    where s.round = %(round)s
) judged where state <> 'SAME';

-- name: judge_receipt
insert into verdict (seq, state, stored_revision)
select seq, state, stored_revision from (
    select s.seq, t.revision as stored_revision, import_state(
        s.revision, s.content_hash, t.revision, t.content_hash,
        case when o.manifest_id is not null then s.revision end
    ) as state
    from stage_receipt s
    left join manifest o on o.manifest_id = s.manifest_id
    left join receipt t on t.receipt_id = s.receipt_id
    where s.round = %(round)s
) judged where state <> 'SAME';

-- name: judge_receipt_line
insert into verdict (seq, state, stored_revision)
select seq, state, stored_revision from (
    select s.seq, greatest(t.revision, o.revision) as stored_revision, import_state(
        s.revision, s.content_hash, t.revision, t.content_hash, o.revision
    ) as state
    from stage_receipt_line s
    left join receipt o on o.receipt_id = s.receipt_id
    left join receipt_line t
        on t.receipt_id = s.receipt_id and t.item = s.item and t.election = s.election
    where s.round = %(round)s
) judged where state <> 'SAME';

-- name: judge_receipt_unit
insert into verdict (seq, state, stored_revision)
select seq, state, stored_revision from (
    select s.seq, greatest(t.revision, o.revision) as stored_revision, import_state(
        s.revision, s.content_hash, t.revision, t.content_hash, o.revision
    ) as state
    from stage_receipt_unit s
    left join receipt o on o.receipt_id = s.receipt_id
    left join receipt_unit t on t.receipt_id = s.receipt_id and t.unit_id = s.unit_id
    where s.round = %(round)s
) judged where state <> 'SAME';

-- name: again_station
with twice as (
    select station_id from stage_station where round = %(round)s
    group by station_id having count(*) > 1
), ranked as (
    select s.seq, s.content_hash, first_value(s.seq) over w as first_seq,
        first_value(s.content_hash) over w as first_hash
    from stage_station s join twice using (station_id)
    join verdict v on v.seq = s.seq
    where v.state in ('NEW', 'CHANGED', 'MOVED')
    window w as (partition by station_id order by s.seq)
)
update verdict v set first_seq = r.first_seq,
    state = case when r.content_hash = r.first_hash then 'SAME' else 'TWICE' end
from ranked r where v.seq = r.seq and r.seq <> r.first_seq;

-- name: again_manifest
with twice as (
    select manifest_id from stage_manifest where round = %(round)s
    group by manifest_id having count(*) > 1
), ranked as (
    select s.seq, s.content_hash, first_value(s.seq) over w as first_seq,
        first_value(s.content_hash) over w as first_hash
    from stage_manifest s join twice using (manifest_id)
    join verdict v on v.seq = s.seq
    where v.state in ('NEW', 'CHANGED', 'MOVED')
    window w as (partition by manifest_id order by s.seq)
)
update verdict v set first_seq = r.first_seq,
    state = case when r.content_hash = r.first_hash then 'SAME' else 'TWICE' end
from ranked r where v.seq = r.seq and r.seq <> r.first_seq;

-- name: again_line
with twice as (
    select manifest_id, line_no from stage_line where round = %(round)s
    group by manifest_id, line_no having count(*) > 1
), ranked as (
    select s.seq, s.content_hash, first_value(s.seq) over w as first_seq,
        first_value(s.content_hash) over w as first_hash
    from stage_line s join twice using (manifest_id, line_no)
    join verdict v on v.seq = s.seq
    where v.state in ('NEW', 'CHANGED', 'MOVED')
    window w as (partition by manifest_id, line_no order by s.seq)
)
update verdict v set first_seq = r.first_seq,
    state = case when r.content_hash = r.first_hash then 'SAME' else 'TWICE' end
from ranked r where v.seq = r.seq and r.seq <> r.first_seq;

-- name: again_unit
with twice as (
    select manifest_id, unit_id from stage_unit where round = %(round)s
    group by manifest_id, unit_id having count(*) > 1
), ranked as (
    select s.seq, s.content_hash, first_value(s.seq) over w as first_seq,
        first_value(s.content_hash) over w as first_hash
    from stage_unit s join twice using (manifest_id, unit_id)
    join verdict v on v.seq = s.seq
    where v.state in ('NEW', 'CHANGED', 'MOVED')
    window w as (partition by manifest_id, unit_id order by s.seq)
)
update verdict v set first_seq = r.first_seq,
    state = case when r.content_hash = r.first_hash then 'SAME' else 'TWICE' end
from ranked r where v.seq = r.seq and r.seq <> r.first_seq;

-- name: again_document
with twice as (
    select manifest_id, kind, number from stage_document where round = %(round)s
    group by manifest_id, kind, number having count(*) > 1
), ranked as (
    select s.seq, s.content_hash, first_value(s.seq) over w as first_seq,
        first_value(s.content_hash) over w as first_hash
    from stage_document s join twice using (manifest_id, kind, number)
    join verdict v on v.seq = s.seq
    where v.state in ('NEW', 'CHANGED', 'MOVED')
    window w as (partition by manifest_id, kind, number order by s.seq)
)
update verdict v set first_seq = r.first_seq,
    state = case when r.content_hash = r.first_hash then 'SAME' else 'TWICE' end
from ranked r where v.seq = r.seq and r.seq <> r.first_seq;

-- name: again_receipt
with twice as (
    select receipt_id from stage_receipt where round = %(round)s
    group by receipt_id having count(*) > 1
), ranked as (
    select s.seq, s.content_hash, first_value(s.seq) over w as first_seq,
        first_value(s.content_hash) over w as first_hash
    from stage_receipt s join twice using (receipt_id)
    join verdict v on v.seq = s.seq
    where v.state in ('NEW', 'CHANGED', 'MOVED')
    window w as (partition by receipt_id order by s.seq)
)
update verdict v set first_seq = r.first_seq,
    state = case when r.content_hash = r.first_hash then 'SAME' else 'TWICE' end
from ranked r where v.seq = r.seq and r.seq <> r.first_seq;

-- name: again_receipt_line
with twice as (
    select receipt_id, item, election from stage_receipt_line where round = %(round)s
    group by receipt_id, item, election having count(*) > 1
), ranked as (
    select s.seq, s.content_hash, first_value(s.seq) over w as first_seq,
        first_value(s.content_hash) over w as first_hash
    from stage_receipt_line s join twice using (receipt_id, item, election)
    join verdict v on v.seq = s.seq
    where v.state in ('NEW', 'CHANGED', 'MOVED')
    window w as (partition by receipt_id, item, election order by s.seq)
)
update verdict v set first_seq = r.first_seq,
    state = case when r.content_hash = r.first_hash then 'SAME' else 'TWICE' end
from ranked r where v.seq = r.seq and r.seq <> r.first_seq;

-- name: again_receipt_unit
with twice as (
    select receipt_id, unit_id from stage_receipt_unit where round = %(round)s
    group by receipt_id, unit_id having count(*) > 1
), ranked as (
    select s.seq, s.content_hash, first_value(s.seq) over w as first_seq,
        first_value(s.content_hash) over w as first_hash
    from stage_receipt_unit s join twice using (receipt_id, unit_id)
    join verdict v on v.seq = s.seq
    where v.state in ('NEW', 'CHANGED', 'MOVED')
    window w as (partition by receipt_id, unit_id order by s.seq)
)
update verdict v set first_seq = r.first_seq,
    state = case when r.content_hash = r.first_hash then 'SAME' else 'TWICE' end
from ranked r where v.seq = r.seq and r.seq <> r.first_seq;

-- name: note_station
insert into manifest_import_row (
    import_id, row_no, place, kind, record_key, state, field, reason, payload
)
select %(import_id)s, s.row_no, s.place, 'station',
    s.station_id, %(state)s,
    import_field(v.state, null),
    import_reason(v.state, s.revision, v.stored_revision, f.place, null, null),
    case v.state when 'CHANGED' then record_changes(station_document(t), to_jsonb(s))
        else staged_payload(to_jsonb(s)) end
from stage_station s join verdict v using (seq)
left join stage_station f on f.seq = v.first_seq
left join station t on t.station_id = s.station_id
where v.state = any (%(states)s) order by s.seq limit %(most)s;

-- name: note_manifest
insert into manifest_import_row (
    import_id, row_no, place, kind, record_key, state, field, reason, payload
)
select %(import_id)s, s.row_no, s.place, 'manifest',
    s.manifest_id, %(state)s,
    import_field(v.state, null),
    import_reason(v.state, s.revision, v.stored_revision, f.place, null, null),
    case v.state when 'CHANGED' then record_changes(to_jsonb(t), to_jsonb(s))
        else staged_payload(to_jsonb(s)) end
from stage_manifest s join verdict v using (seq)
left join stage_manifest f on f.seq = v.first_seq
left join manifest t on t.manifest_id = s.manifest_id
where v.state = any (%(states)s) order by s.seq limit %(most)s;

-- name: note_line
insert into manifest_import_row (
    import_id, row_no, place, kind, record_key, state, field, reason, payload
)
select %(import_id)s, s.row_no, s.place, 'line',
    concat_ws('/', s.manifest_id, s.line_no), %(state)s,
    import_field(v.state, 'manifest'),
    import_reason(v.state, s.revision, v.stored_revision, f.place, 'manifest', s.manifest_id),
    case v.state when 'CHANGED' then record_changes(to_jsonb(t), to_jsonb(s))
        else staged_payload(to_jsonb(s)) end
from stage_line s join verdict v using (seq)
left join stage_line f on f.seq = v.first_seq
left join manifest_line t on t.manifest_id = s.manifest_id and t.line_no = s.line_no
where v.state = any (%(states)s) order by s.seq limit %(most)s;

-- name: note_unit
insert into manifest_import_row (
    import_id, row_no, place, kind, record_key, state, field, reason, payload
)
select %(import_id)s, s.row_no, s.place, 'unit',
    concat_ws('/', s.manifest_id, s.unit_id), %(state)s,
    import_field(v.state, 'manifest'),
    import_reason(v.state, s.revision, v.stored_revision, f.place, 'manifest', s.manifest_id),
    case v.state when 'CHANGED' then record_changes(to_jsonb(t), to_jsonb(s))
        else staged_payload(to_jsonb(s)) end
from stage_unit s join verdict v using (seq)
left join stage_unit f on f.seq = v.first_seq
left join manifest_unit t on t.manifest_id = s.manifest_id and t.unit_id = s.unit_id
where v.state = any (%(states)s) order by s.seq limit %(most)s;

-- name: note_document
insert into manifest_import_row (
    import_id, row_no, place, kind, record_key, state, field, reason, payload
)
select %(import_id)s, s.row_no, s.place, 'document',
    concat_ws('/', s.manifest_id, s.kind, s.number), %(state)s,
    import_field(v.state, 'manifest'),
    import_reason(v.state, s.revision, v.stored_revision, f.place, 'manifest', s.manifest_id),
    case v.state when 'CHANGED' then record_changes(to_jsonb(t), to_jsonb(s))
        else staged_payload(to_jsonb(s)) end
from stage_document s join verdict v using (seq)
left join stage_document f on f.seq = v.first_seq
left join manifest_document t
        on t.manifest_id = s.manifest_id and t.kind = s.kind and t.number = s.number
where v.state = any (%(states)s) order by s.seq limit %(most)s;

-- name: note_receipt
insert into manifest_import_row (
    import_id, row_no, place, kind, record_key, state, field, reason, payload
)
select %(import_id)s, s.row_no, s.place, 'receipt',
    s.receipt_id, %(state)s,
    import_field(v.state, 'manifest'),
    import_reason(v.state, s.revision, v.stored_revision, f.place, 'manifest', s.manifest_id),
    case v.state when 'CHANGED' then record_changes(to_jsonb(t), to_jsonb(s))
        else staged_payload(to_jsonb(s)) end
from stage_receipt s join verdict v using (seq)
left join stage_receipt f on f.seq = v.first_seq
left join receipt t on t.receipt_id = s.receipt_id
where v.state = any (%(states)s) order by s.seq limit %(most)s;

-- name: note_receipt_line
insert into manifest_import_row (
    import_id, row_no, place, kind, record_key, state, field, reason, payload
)
select %(import_id)s, s.row_no, s.place, 'receipt_line',
    concat_ws('/', s.receipt_id, s.item, s.election), %(state)s,
    import_field(v.state, 'receipt'),
    import_reason(v.state, s.revision, v.stored_revision, f.place, 'receipt', s.receipt_id),
    case v.state when 'CHANGED' then record_changes(to_jsonb(t), to_jsonb(s))
        else staged_payload(to_jsonb(s)) end
from stage_receipt_line s join verdict v using (seq)
left join stage_receipt_line f on f.seq = v.first_seq
left join receipt_line t
        on t.receipt_id = s.receipt_id and t.item = s.item and t.election = s.election
where v.state = any (%(states)s) order by s.seq limit %(most)s;

-- name: note_receipt_unit
insert into manifest_import_row (
    import_id, row_no, place, kind, record_key, state, field, reason, payload
)
select %(import_id)s, s.row_no, s.place, 'receipt_unit',
    concat_ws('/', s.receipt_id, s.unit_id), %(state)s,
    import_field(v.state, 'receipt'),
    import_reason(v.state, s.revision, v.stored_revision, f.place, 'receipt', s.receipt_id),
    case v.state when 'CHANGED' then record_changes(to_jsonb(t), to_jsonb(s))
        else staged_payload(to_jsonb(s)) end
from stage_receipt_unit s join verdict v using (seq)
left join stage_receipt_unit f on f.seq = v.first_seq
left join receipt_unit t on t.receipt_id = s.receipt_id and t.unit_id = s.unit_id
where v.state = any (%(states)s) order by s.seq limit %(most)s;
