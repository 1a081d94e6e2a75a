-- name: depart
update shipment set status = 'IN_TRANSIT'
where shipment_id = %(shipment_id)s
    and status in ('PLANNED', 'PACKED', 'SEALED', 'LOADED', 'ARRIVED');

-- name: arrive
update shipment set status = 'ARRIVED'
where shipment_id = %(shipment_id)s
    and status in ('PLANNED', 'PACKED', 'SEALED', 'LOADED', 'IN_TRANSIT', 'HELD');
