-- name: record
insert into device_status as status (device_id, state, reason, reported_at, received_at,
    firmware, report_interval_s, battery_pct, signal_dbm, ring_used, ring_capacity)
values (%(device_id)s, %(state)s, %(reason)s, %(reported_at)s, %(received_at)s, %(firmware)s,
    %(report_interval_s)s, %(battery_pct)s, %(signal_dbm)s, %(ring_used)s, %(ring_capacity)s)
on conflict (device_id) do update set
    state = excluded.state,
    reason = excluded.reason,
    reported_at = excluded.reported_at,
    received_at = excluded.received_at,
    firmware = coalesce(excluded.firmware, status.firmware),
    report_interval_s = coalesce(excluded.report_interval_s, status.report_interval_s),
    battery_pct = coalesce(excluded.battery_pct, status.battery_pct),
    signal_dbm = coalesce(excluded.signal_dbm, status.signal_dbm),
    ring_used = coalesce(excluded.ring_used, status.ring_used),
    ring_capacity = coalesce(excluded.ring_capacity, status.ring_capacity),
    changed_xid = pg_current_xact_id()
where excluded.received_at >= status.received_at;
