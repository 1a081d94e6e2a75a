-- The rules over several devices read the events of some kinds by the time of their decision.
create index event_kind_decided on event (kind, decided_at) where superseded_at is null;
