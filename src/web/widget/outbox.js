// Messages on their way. Each carries an id of its own, so that a retry over a weak line adds nothing on the server.

import { newId } from "../shared/api.js";
import { backoff } from "../shared/sse.js";

const ATTEMPTS = 5;

/** Sends one message after the other, in the order they were written. */
export class Outbox {
  /** `deliver(content, echoId)` resolves when stored; `onChange()` after each change; `onSent(answer)` with the server's answer. */
  constructor({ deliver, onChange, onSent }) {
    Object.assign(this, { deliver, onChange, onSent });
    this.items = [];
    this.running = false;
    window.addEventListener("online", () => this.retryAll());
  }

  add(content) {
    this.items.push({ echo_id: newId(), content, state: "sending", created_at: new Date().toISOString() });
    this.onChange();
    this.run();
  }

  /** Tries a failed message again, in the shopper's name. */
  retry(echoId) {
    const item = this.items.find((one) => one.echo_id === echoId);
    if (!item) return;
    item.state = "sending";
    this.onChange();
    this.run();
  }

  retryAll() {
    const failed = this.items.filter((item) => item.state === "failed" && item.passing);
    if (!failed.length) return;
    for (const item of failed) item.state = "sending";
    this.onChange();
    this.run();
  }

  /** The event stream may bring a message back before the answer to its request does. */
  settle(echoId) {
    this.items = this.items.filter((item) => item.echo_id !== echoId);
  }

  async run() {
    if (this.running) return;
    this.running = true;
    for (let item = this.next(); item; item = this.next()) await this.send(item);
    this.running = false;
  }

  next() {
    return this.items.find((item) => item.state === "sending");
  }

  async send(item) {
    for (let attempt = 0; attempt < ATTEMPTS && this.items.includes(item); attempt++) {
      try {
        const answer = await this.deliver(item.content, item.echo_id);
        this.settle(item.echo_id);
        this.onSent(answer);
        return;
      } catch (error) {
        item.passing = error.passing ?? false;
        item.reason = item.passing ? "" : error.message;
        if (!item.passing) break;
        if (attempt + 1 < ATTEMPTS) await new Promise((done) => setTimeout(done, error.retryAfterMs ?? backoff(attempt)));
      }
    }
    item.state = "failed";
    this.onChange();
  }
}
