-- name: offer
insert into handover_offer (manifest_id, place, units, seals, document, offered_by, offered_at,
    note)
values (%(manifest_id)s, %(place)s, %(units)s, %(seals)s, %(document)s, %(offered_by)s,
    %(offered_at)s, %(note)s)
returning offer_id;

-- name: lock_offer
select offer_id, manifest_id, place, units, seals, document, offered_by, offered_at, note,
    closed_at, closed_by, outcome, event_uuid
from handover_offer where offer_id = %(offer_id)s for update;

-- name: close_offer
update handover_offer set closed_at = %(at)s, closed_by = %(by)s, outcome = %(outcome)s,
    event_uuid = %(event_uuid)s
where offer_id = %(offer_id)s;

-- name: open_offers
-- Offers that nobody has answered, oldest first; of one manifest, or of all.
select offer_id, manifest_id, place, units, seals, document, offered_by, offered_at, note,
    closed_at, closed_by, outcome, event_uuid
from handover_offer
where closed_at is null and (%(manifest_id)s::text is null or manifest_id = %(manifest_id)s)
order by offered_at, offer_id limit %(limit)s;

-- name: signer
-- A person, as a signer of the ledger.
select name, role from account where login = %(login)s;

-- name: where_to
-- The manifest, and the region of the place if it is one that we know.
select m.shipment_id, case %(place)s when m.from_place then m.from_region
    when m.to_place then m.to_region else
    coalesce((select region_code from station where station_id = %(place)s),
        (select region_code from facility where facility_id = %(place)s)) end
from manifest m where m.manifest_id = %(manifest_id)s;
