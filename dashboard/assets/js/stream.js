// The stream from the server. EventSource reconnects by itself; this watches that it does.

const SILENT_MS = 4000; // a heartbeat comes each second
const REOPEN_MS = 12000;
const RETRY_MS = 2000;

export class Stream extends EventTarget {
  constructor() {
    super();
    this.state = "connecting"; // connecting | live | lost | expired
    this.heardAt = Date.now();
    this.last = null; // id of the last picture: a new EventSource does not know it
    this.#open();
    setInterval(() => this.#watch(), 500);
    window.addEventListener("online", () => this.#reopen());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#watch();
    });
  }

  // Start again with the whole picture.
  restart() {
    this.last = null;
    this.#reopen();
  }

  #open() {
    this.openedAt = Date.now();
    const query = this.last ? `?last=${encodeURIComponent(this.last)}` : "";
    this.source = new EventSource(`/stream${query}`);
    this.source.addEventListener("heartbeat", (event) => this.#heard("heartbeat", event));
    this.source.addEventListener("picture", (event) => {
      this.last = event.lastEventId;
      this.#heard("picture", event);
    });
    this.source.addEventListener("expired", () => this.#expire());
    this.source.addEventListener("error", () => {
      if (this.source.readyState === EventSource.CLOSED) this.#ask();
    });
  }

  #reopen() {
    if (this.state === "expired") return;
    this.source.close();
    this.#open();
  }

  #heard(kind, event) {
    this.heardAt = Date.now();
    this.#turn("live");
    this.dispatchEvent(new CustomEvent(kind, { detail: JSON.parse(event.data) }));
  }

  #watch() {
    const now = Date.now();
    if (this.state !== "expired" && now - this.heardAt > SILENT_MS) this.#turn("lost");
    const stuck = now - Math.max(this.heardAt, this.openedAt) > REOPEN_MS;
    if (stuck) this.#reopen();
  }

  // An HTTP error closes an EventSource for good: find out why, and try again.
  async #ask() {
    try {
      const answer = await fetch("/api/session");
      if (answer.status === 401) {
        this.#expire();
        return;
      }
    } catch {
      // The server is away; the next try will tell.
    }
    setTimeout(() => this.#reopen(), RETRY_MS);
  }

  #expire() {
    this.source.close();
    this.#turn("expired");
  }

  #turn(state) {
    if (state === this.state) return;
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
