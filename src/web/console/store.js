// What the console knows, and the calls that change it. The views read from here and redraw on `changed`.

import { ApiError, call, newId } from "../shared/api.js";

const BASE = "/api/v1/agent";

export class Store extends EventTarget {
  constructor() {
    super();
    this.agent = null;
    this.queue = "unassigned";
    this.tickets = null;
    this.counts = {};
    this.selected = null;
    this.detail = null;
    this.pending = new Map();
    this.writers = new Map();
    this.away = false;
  }

  get conversation() {
    return this.detail?.conversation ?? null;
  }

  /** Whether this agent has the open conversation. */
  get mine() {
    return this.conversation?.status === "open" && this.conversation.assignee?.id === this.agent?.id;
  }

  /** The other agent who has it; only they can act on it. */
  get other() {
    const { conversation } = this;
    const held = conversation?.status === "open" || conversation?.status === "snoozed";
    return held && conversation.assignee && conversation.assignee.id !== this.agent?.id ? conversation.assignee : null;
  }

  /** Whether this agent may claim, answer or resolve it. */
  get free() {
    return this.conversation !== null && this.conversation.status !== "resolved" && !this.other;
  }

  changed(...parts) {
    for (const part of parts) this.dispatchEvent(new Event(part));
  }

  /** A call whose 401 sends the agent back to the login form, wherever it happens. */
  async call(method, path, body) {
    try {
      return await call(method, BASE + path, { body });
    } catch (error) {
      if (error.status === 401 && path !== "/login") this.signedOut();
      throw error;
    }
  }

  signedOut() {
    if (!this.agent) return;
    this.agent = null;
    this.tickets = null;
    this.detail = null;
    this.selected = null;
    this.changed("agent");
  }

  async loadTickets() {
    const queue = this.queue;
    const answer = await this.call("GET", `/tickets?queue=${queue}`);
    this.counts = { ...this.counts, ...answer.counts };
    // The agent may have moved to another queue while this answer was on its way.
    if (queue === this.queue) this.tickets = answer.tickets;
    this.changed("tickets");
  }

  /** Whether this agent has set themselves away. */
  async loadPresence() {
    this.setAway(await this.call("GET", "/presence"));
  }

  async standAway(away) {
    this.setAway(await this.call("POST", "/presence", { away }));
  }

  setAway({ away }) {
    this.away = away;
    this.changed("presence");
  }

  async open(id) {
    if (this.selected !== id) this.detail = null;
    this.selected = id;
    this.changed("tickets", "detail");
    if (id === null) return;
    const detail = await this.call("GET", `/conversations/${encodeURIComponent(id)}`);
    if (this.selected !== id) return;
    this.detail = detail;
    this.changed("detail");
  }

  /** Takes a stored message in, wherever it came from. */
  put(message) {
    const waiting = this.pending.get(message.conversation_id) ?? [];
    this.pending.set(message.conversation_id, waiting.filter((item) => item.echo_id !== message.echo_id));
    if (message.conversation_id !== this.selected || !this.detail) return;
    const rest = this.detail.messages.filter((one) => one.id !== message.id);
    this.detail.messages = [...rest, message].sort((a, b) => a.seq - b.seq);
    this.changed("detail");
  }

  /** Takes what the server says of the conversation, unless it is older than what is known: events may overtake the answer to a request. */
  setConversation(conversation) {
    if (conversation.id !== this.selected || !this.detail || conversation.last_seq < this.detail.conversation.last_seq) return;
    this.detail.conversation = conversation;
    this.changed("detail");
  }

  /** `claim`, `resolve` or `return`. */
  async act(action, id = this.selected) {
    const { conversation } = await this.call("POST", `/conversations/${encodeURIComponent(id)}/${action}`, {});
    this.setConversation(conversation);
  }

  /** Sends a reply; a conversation that nobody has is claimed first, so that the bot is silent before the words arrive. */
  async reply(content) {
    const id = this.selected;
    const item = { echo_id: newId(), content, state: "sending", created_at: new Date().toISOString() };
    this.pending.set(id, [...(this.pending.get(id) ?? []), item]);
    this.changed("detail");
    await this.deliver(id, item);
  }

  async deliver(id, item) {
    item.state = "sending";
    this.changed("detail");
    try {
      if (this.selected !== id || !this.mine) await this.act("claim", id);
      const { message } = await this.call("POST", `/conversations/${encodeURIComponent(id)}/messages`, { content: item.content, echo_id: item.echo_id });
      this.put(message);
    } catch (error) {
      item.state = "failed";
      this.changed("detail");
      throw error;
    }
  }

  discard(id, echoId) {
    this.pending.set(id, (this.pending.get(id) ?? []).filter((item) => item.echo_id !== echoId));
    this.changed("detail");
  }
}

/** What an agent can do about an error, as a sentence. */
export function advice(error) {
  if (!(error instanceof ApiError)) {
    console.error(error);
    return "Something in this page failed. Reload it.";
  }
  if (error.status === 0) return "The server cannot be reached. Check the connection and try again.";
  if (error.status === 429) return "Too many requests at once. Wait a moment and try again.";
  if (error.status >= 500) return `${error.message} Try again in a moment.`;
  return error.message;
}
