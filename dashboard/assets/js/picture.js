// What is true now, as far as the server has told.

export class Picture {
  constructor() {
    this.#forget();
    this.plan = null;
    this.heartbeat = null;
    this.offsetMs = 0;
    this.loaded = false;
  }

  #forget() {
    this.idOf = [];
    this.devices = new Map();
    this.statuses = new Map();
    this.positions = new Map();
    this.shipments = new Map();
    this.alerts = new Map();
    this.progress = new Map();
  }

  // The server's clock: the browser's own may be wrong.
  now() {
    return Date.now() + this.offsetMs;
  }

  beat(heartbeat) {
    this.heartbeat = heartbeat;
    this.offsetMs = heartbeat.t - Date.now();
  }

  // Take a message; returns the ids of devices whose marker may look different now.
  apply(message) {
    const touched = new Set();
    if (message.whole) {
      this.#forget();
      this.loaded = true;
    }
    this.#devices(message, touched);
    for (const row of message.shipments ?? []) this.shipments.set(row.shipment_id, row);
    for (const id of message.gone_shipments ?? []) this.shipments.delete(id);
    for (const row of rows(message.progress)) this.progress.set(row.shipment, row);
    for (const id of message.gone_progress ?? []) this.progress.delete(id);
    this.#alerts(message, touched);
    return touched;
  }

  #devices(message, touched) {
    for (const row of rows(message.devices)) {
      this.idOf[row.i] = row.id;
      this.devices.set(row.id, row);
      touched.add(row.id);
    }
    for (const row of rows(message.statuses)) {
      const id = this.idOf[row.i];
      this.statuses.set(id, row);
      touched.add(id);
    }
    for (const row of rows(message.positions)) {
      const id = this.idOf[row.i];
      this.positions.set(id, row);
      touched.add(id);
    }
    for (const id of message.gone_positions ?? []) {
      this.positions.delete(id);
      touched.add(id);
    }
    for (const id of message.gone_devices ?? []) {
      this.devices.delete(id);
      this.positions.delete(id);
      touched.add(id);
    }
  }

  #alerts(message, touched) {
    for (const alert of message.alerts ?? []) {
      this.alerts.set(alert.alert_id, alert);
      if (alert.device_id) touched.add(alert.device_id);
    }
    for (const id of message.gone_alerts ?? []) {
      const alert = this.alerts.get(id);
      if (alert?.device_id) touched.add(alert.device_id);
      this.alerts.delete(id);
    }
  }

  shipmentOf(deviceId) {
    return this.shipments.get(this.devices.get(deviceId)?.shipment);
  }

  // Seconds between two reports, as the device itself says or else the plan.
  intervalOf(deviceId) {
    return this.statuses.get(deviceId)?.every ?? this.devices.get(deviceId)?.every ?? 60;
  }

  // 0 fresh, 1 faded after two intervals, 2 stale after three.
  ageClass(deviceId) {
    const position = this.positions.get(deviceId);
    const interval = this.intervalOf(deviceId);
    const age = (this.now() - position.fix) / 1000;
    if (age > Math.max(3 * interval, 10)) return 2;
    return age > Math.max(2 * interval, 7) ? 1 : 0;
  }

  // The open alerts of a device, the worst first.
  alertsOf(deviceId) {
    const found = [...this.alerts.values()].filter((alert) => alert.device_id === deviceId);
    return found.sort(compareAlerts);
  }

  // The worst severity of each device that has an open alert which is not put aside.
  severities() {
    const worst = new Map();
    const now = this.now();
    for (const { device_id: id, severity, shelved_until: until } of this.alerts.values()) {
      if (id && !(until > now) && severity < (worst.get(id) ?? 5)) worst.set(id, severity);
    }
    return worst;
  }

  zoneOf(facilityId) {
    const facility = this.plan?.facilities.features.find(({ properties }) => properties.id === facilityId);
    return facility?.properties.tz ?? "Asia/Jakarta";
  }

  // The zone of the region: that of the facility nearest to the place.
  zoneAt(lon, lat) {
    let zone = "Asia/Jakarta";
    let nearest = Infinity;
    for (const { geometry, properties } of this.plan?.facilities.features ?? []) {
      const [x, y] = geometry.coordinates;
      const distance = (x - lon) ** 2 + (y - lat) ** 2;
      if (distance < nearest) {
        nearest = distance;
        zone = properties.tz;
      }
    }
    return zone;
  }
}

// Unacknowledged first, then by priority, then those that escalated further, then the newest.
export function compareAlerts(a, b) {
  const unseen = (alert) => (alert.state === "NEW" ? 0 : 1);
  return unseen(a) - unseen(b) || a.priority - b.priority || b.escalation - a.escalation
    || b.opened_at - a.opened_at || b.alert_id - a.alert_id;
}

function* rows(columns) {
  const names = Object.keys(columns ?? {});
  const count = names.length ? columns[names[0]].length : 0;
  for (let at = 0; at < count; at += 1) {
    const row = {};
    for (const name of names) row[name] = columns[name][at];
    yield row;
  }
}
