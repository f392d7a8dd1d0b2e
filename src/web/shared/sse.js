// Server-sent events over fetch. EventSource cannot send an Authorization header, and a token in an address ends up in logs.

const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 15_000;
// The server writes a comment every 15 s; three missed ones mean that the line is dead although nothing has closed it.
const SILENCE_MS = 50_000;

/** How long to wait before attempt number `attempt` (0, 1, 2 …): doubled each time, with jitter so that shoppers do not return as one herd. */
export function backoff(attempt) {
  const ceiling = Math.min(LAST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return ceiling / 2 + Math.random() * (ceiling / 2);
}

/** One stream that stays open: it reconnects by itself and resumes after the last event id it has seen. */
export class EventStream {
  /**
   * `options`: `url`, `headers()` for each attempt, `lastId` to resume after, `onEvent(name, data, id)`,
   * `onState("open" | "waiting")`, `onRefused(status)` for a status that another attempt cannot cure.
   */
  constructor(options) {
    this.options = options;
    this.lastId = options.lastId ?? null;
    this.attempt = 0;
    this.closed = false;
    this.wake = () => this.timer && this.retry(0);
    this.cut = () => this.abort?.abort();
    window.addEventListener("online", this.wake);
    window.addEventListener("offline", this.cut);
    this.connect();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    this.abort?.abort();
    window.removeEventListener("online", this.wake);
    window.removeEventListener("offline", this.cut);
  }

  async connect() {
    this.timer = null;
    this.abort = new AbortController();
    try {
      const headers = { Accept: "text/event-stream", ...this.options.headers() };
      if (this.lastId !== null) headers["Last-Event-ID"] = String(this.lastId);
      const response = await fetch(this.options.url, { headers, cache: "no-store", credentials: "same-origin", signal: this.abort.signal });
      if (response.status === 401 || response.status === 403 || response.status === 404) {
        this.close();
        this.options.onRefused(response.status);
        return;
      }
      if (!response.ok || !response.body) throw new Error(`The event stream answered ${response.status}.`);
      this.attempt = 0;
      this.options.onState("open");
      await this.read(response.body.getReader());
    } catch {
      // A broken line and a refused connection are cured the same way.
    }
    clearTimeout(this.watchdog);
    if (!this.closed) this.retry(backoff(this.attempt++));
  }

  retry(delay) {
    clearTimeout(this.timer);
    this.options.onState("waiting");
    this.timer = setTimeout(() => this.connect(), delay);
  }

  async read(reader) {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      clearTimeout(this.watchdog);
      this.watchdog = setTimeout(() => this.abort.abort(), SILENCE_MS);
      const { done, value } = await reader.read();
      if (done || this.closed) return;
      rest += decoder.decode(value, { stream: true });
      // A carriage return at the very end may be the first half of a line end: it waits for the next piece.
      const held = rest.endsWith("\r") ? "\r" : "";
      const blocks = (held ? rest.slice(0, -1) : rest).replace(/\r\n?/g, "\n").split("\n\n");
      rest = blocks.pop() + held;
      for (const block of blocks) {
        if (this.dispatch(block) === "reconnect") return void reader.cancel();
      }
    }
  }

  dispatch(block) {
    let name = "message";
    let id = null;
    const data = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id") id = value;
    }
    if (!data.length && name === "message") return null;
    if (name === "reconnect") return name;
    try {
      this.options.onEvent(name, data.length ? JSON.parse(data.join("\n")) : {}, id);
    } catch (error) {
      console.error("nightdesk: an event could not be shown", name, error);
    }
    if (id !== null) this.lastId = id;
    return name;
  }
}
