// The shopper's session: a secret per shop, kept in the browser, without which no message of the conversation is readable.

import { call } from "../shared/api.js";
import { context, memory } from "./context.js";

const TOKEN = "session";

export class Session {
  constructor() {
    this.identity = undefined;
    if (context.reset) this.forget();
  }

  /** Starts or resumes; resolves to the server's snapshot of the conversation. */
  async start() {
    const body = { website_token: context.websiteToken };
    if (this.identity) body.identity = this.identity;
    let snapshot;
    try {
      snapshot = await call("POST", "/api/v1/widget/session", { body, headers: this.headers() });
    } catch (error) {
      // A name or e-mail that the server does not take must not cost the shopper the chat.
      if (error.status === 422 && this.identity) {
        this.identity = undefined;
        return this.start();
      }
      // The stored secret is expired or of another database: begin anew instead of leaving the shopper without a chat.
      if (error.status !== 401 || !memory.get(TOKEN)) throw error;
      this.forget();
      snapshot = await call("POST", "/api/v1/widget/session", { body });
    }
    memory.set(TOKEN, snapshot.session_token);
    return snapshot;
  }

  /** A call in the shopper's name. */
  post(path, body) {
    return call("POST", `/api/v1/widget/${path}`, { body, headers: this.headers() });
  }

  get(path) {
    return call("GET", `/api/v1/widget/${path}`, { headers: this.headers() });
  }

  headers() {
    const token = memory.get(TOKEN);
    return token ? { Authorization: `Bearer ${token}` } : {};
  }

  forget() {
    memory.remove(TOKEN);
    memory.remove("read");
    memory.remove("rated");
  }
}
