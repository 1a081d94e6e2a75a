-- name: load
-- One manifest with what belongs to it now, and its receipts, as they are in the contract.
select r.kind, r.document::text from (
    select 1 as nth, 'manifest' as kind, '' as part, '' as within, jsonb_build_object(
        'id', manifest_id, 'revision', revision, 'shipment', shipment_id,
        'surat_jalan_no', surat_jalan_no, 'direction', direction, 'leg', leg, 'mode', mode,
        'from', from_place, 'to', to_place, 'from_region', from_region, 'to_region', to_region,
        'carrier', carrier, 'vehicle', vehicle, 'escort', escort, 'tracking_no', tracking_no,
        'planned_departure', planned_departure, 'planned_arrival', planned_arrival,
        'status', status
    ) as document from manifest where manifest_id = %(manifest_id)s
    union all
    select 2, 'line', '', to_char(line_no, 'FM0000000000'), jsonb_build_object(
        'manifest', manifest_id, 'revision', revision, 'line_no', line_no, 'item', item,
        'election', election, 'station', station_id, 'qty', qty
    ) from current_line where manifest_id = %(manifest_id)s
    union all
    select 3, 'unit', '', unit_id, jsonb_build_object(
        'manifest', manifest_id, 'revision', revision, 'id', unit_id, 'kind', kind,
        'station', station_id, 'election', election, 'parent', parent_id, 'seals', seals
    ) from current_unit where manifest_id = %(manifest_id)s
    union all
    select 4, 'document', kind, number, jsonb_build_object(
        'manifest', manifest_id, 'revision', revision, 'kind', kind, 'number', number,
        'issued_at', issued_at, 'signers', signers, 'sha256', sha256, 'media_type', media_type
    ) from current_document where manifest_id = %(manifest_id)s
    union all
    select 5, 'receipt', '', receipt_id, jsonb_build_object(
        'id', receipt_id, 'revision', revision, 'manifest', manifest_id,
        'station', station_id, 'received_at', received_at, 'received_by', received_by
    ) from receipt where manifest_id = %(manifest_id)s
    union all
    select 6, 'receipt_line', l.receipt_id, l.item || l.election, jsonb_build_object(
        'receipt', l.receipt_id, 'revision', l.revision, 'item', l.item,
        'election', nullif(l.election, '-'), 'received', l.received, 'used', l.used,
        'damaged_light', l.damaged_light, 'damaged_heavy', l.damaged_heavy, 'short', l.short
    ) from current_receipt_line l join receipt r using (receipt_id)
    where r.manifest_id = %(manifest_id)s
    union all
    select 7, 'receipt_unit', u.receipt_id, u.unit_id, jsonb_build_object(
        'receipt', u.receipt_id, 'revision', u.revision, 'unit', u.unit_id, 'seals', u.seals,
        'seals_intact', u.seals_intact
    ) from current_receipt_unit u join receipt r using (receipt_id)
    where r.manifest_id = %(manifest_id)s
) r order by r.nth, r.part collate "C", r.within collate "C";
