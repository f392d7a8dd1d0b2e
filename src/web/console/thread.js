// The open conversation: its head with the actions, its messages, and the reply.

import { prose } from "../shared/content.js";
import { autogrow, byId, el, icon } from "../shared/dom.js";
import { clock, day, moment } from "../shared/format.js";
import { Storage } from "../shared/storage.js";
import { Provenance } from "./provenance.js";

const LIMIT = 8000;
const TYPING_EVERY_MS = 4000;
const drafts = new Storage("sessionStorage", "nightdesk:draft:");

const STATUS = { pending: "With the bot", open: "Waits for a person", snoozed: "Snoozed", resolved: "Resolved" };

export class Thread {
  /** `on`: `act(action)`, `reply(text)`, `retry(item)`, `discard(item)`, `back()`, `info()`. */
  constructor(store, on) {
    Object.assign(this, { store, on, shown: null, nodes: new Map() });
    this.provenance = new Provenance(store);
    this.text = byId("reply-text");
    this.scroll = byId("thread-scroll");
    this.log = byId("thread-log");
    this.fit = autogrow(this.text, 180);
    this.text.addEventListener("input", () => this.typed());
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.submit();
    });
    byId("reply").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    // A banner or a growing reply takes room: whoever read the end goes on reading it.
    this.atEnd = true;
    this.scroll.addEventListener("scroll", () => (this.atEnd = this.nearEnd()), { passive: true });
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.scroll);
    store.addEventListener("detail", () => this.draw());
    store.addEventListener("writers", () => this.drawWriter());
  }

  focusReply() {
    if (!byId("reply").hidden) this.text.focus();
  }

  /** Puts a text into the reply, behind what is there. Sending it is left to the agent. */
  use(text) {
    const before = this.text.value.trimEnd();
    this.text.value = before ? `${before}\n\n${text}` : text;
    this.text.dispatchEvent(new Event("input"));
    this.text.focus();
    this.text.setSelectionRange(this.text.value.length, this.text.value.length);
  }

  /** Brings a message into view and marks it for a moment. */
  show(id) {
    const node = this.nodes.get(id)?.node;
    if (!node) return;
    node.tabIndex = -1;
    node.focus({ preventScroll: true });
    node.scrollIntoView({ block: "center" });
    node.classList.remove("found");
    requestAnimationFrame(() => node.classList.add("found"));
  }

  /** Something below the messages has another size: whoever read the end goes on reading it. */
  settle() {
    if (this.atEnd) this.toEnd();
  }

  typed() {
    const { selected } = this.store;
    drafts.set(selected, this.text.value);
    this.drawNote();
    if (this.store.mine && Date.now() - (this.told ?? 0) > TYPING_EVERY_MS) {
      this.told = Date.now();
      this.store.call("POST", `/conversations/${encodeURIComponent(selected)}/typing`, { on: true }).catch(() => {});
    }
  }

  submit() {
    const text = this.text.value.trim();
    if (text === "" || [...text].length > LIMIT) return;
    this.text.value = "";
    this.told = 0;
    drafts.remove(this.store.selected);
    this.fit();
    this.drawNote();
    this.on.reply(text);
  }

  draw() {
    const { detail, selected } = this.store;
    const ready = detail !== null;
    for (const id of ["thread-head", "thread-scroll"]) byId(id).hidden = !ready;
    byId("reply").hidden = !this.store.free;
    this.drawClosed();
    byId("thread-empty").hidden = ready;
    if (!ready) {
      const text = selected ? "Loading…" : "Choose a ticket on the left, or press j.";
      byId("thread-empty").replaceChildren(icon("inbox"), el("span", { text }));
      this.shown = null;
      return;
    }
    const fresh = this.shown !== selected;
    const stay = fresh || this.nearEnd();
    if (fresh) {
      this.shown = selected;
      this.nodes.clear();
      this.log.replaceChildren();
      this.text.value = drafts.get(selected) ?? "";
      this.fit();
    }
    this.drawHead(detail);
    this.drawMessages(detail);
    this.drawWriter();
    this.drawNote();
    if (stay) this.toEnd();
  }

  nearEnd() {
    return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 90;
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  drawHead({ conversation, contact, ticket }) {
    const { mine, other, free } = this.store;
    const state = mine ? "With you" : other ? `With ${other.name}` : conversation.assisted ? "Waiting, bot goes on" : STATUS[conversation.status] ?? conversation.status;
    const button = (action, label, kind = "") => el("button", { type: "button", class: `button small ${kind}`, text: label, data: { action }, on: { click: () => this.on.act(action) } });
    const focused = byId("thread-head").contains(document.activeElement) ? document.activeElement.dataset.action : null;
    byId("thread-head").replaceChildren(
      el("button", { type: "button", class: "bar-button only-narrow", "aria-label": "Back to the tickets", on: { click: this.on.back } }, icon("back")),
      el("div", { class: "thread-title" },
        el("h2", { text: contact.name || contact.email || "Shopper" }),
        el("p", { text: ticket ? `#${ticket.number} · ${state}` : state })),
      el("div", { class: "thread-actions" },
        free && !mine ? button("claim", "Claim", "primary") : null,
        free && conversation.status === "open" ? button("return", "Give back to the bot") : null,
        free ? button("resolve", "Resolve", mine ? "primary" : "") : null),
      el("button", { type: "button", class: "bar-button only-medium", "aria-label": "About this conversation", on: { click: this.on.info } }, icon("info")),
    );
    if (focused) (byId("thread-head").querySelector(`[data-action="${focused}"]`) ?? byId("thread-head").querySelector("[data-action]"))?.focus();
  }

  drawMessages({ messages, contact }) {
    const wanted = [];
    let label = null;
    for (const message of messages) {
      if (day(message.created_at) !== label) wanted.push({ key: `day ${(label = day(message.created_at))}`, mark: "", build: () => el("p", { class: "day", text: day(message.created_at) }) });
      const key = (message.author.type === "agent" && message.echo_id) || message.id;
      wanted.push({ key, mark: `stored ${message.helpful}`, build: () => stored(message, contact.name, this.provenance.parts(message)) });
    }
    for (const item of this.store.pending.get(this.store.selected) ?? []) {
      wanted.push({ key: item.echo_id, mark: item.state, build: () => this.unsent(item) });
    }
    const keep = new Map();
    let cursor = this.log.firstChild;
    for (const item of wanted) {
      let entry = this.nodes.get(item.key);
      if (entry?.mark !== item.mark) {
        const node = item.build();
        if (entry) {
          if (cursor === entry.node) cursor = node;
          entry.node.replaceWith(node);
        }
        entry = { node, mark: item.mark };
      }
      if (cursor === entry.node) cursor = cursor.nextSibling;
      else this.log.insertBefore(entry.node, cursor);
      keep.set(item.key, entry);
    }
    for (const [key, entry] of this.nodes) if (!keep.has(key)) entry.node.remove();
    this.nodes = keep;
  }

  unsent(item) {
    const failed = item.state === "failed";
    const foot = failed
      ? el("p", { class: "note bad", role: "alert" }, "Not sent. ",
        el("button", { type: "button", class: "text-button", text: "Retry", on: { click: () => this.on.retry(item) } }),
        el("button", { type: "button", class: "text-button", text: "Discard", on: { click: () => this.on.discard(item) } }))
      : el("p", { class: "note", text: "Sending…" });
    return el("article", { class: `message agent ${item.state}` }, el("div", { class: "message-body" }, el("div", { class: "bubble" }, prose(item.content)), foot));
  }

  drawWriter() {
    const who = this.store.writers.get(this.store.selected);
    const node = byId("thread-typing");
    node.hidden = !who;
    node.textContent = who === "bot" ? "The bot is writing…" : "The shopper is writing…";
  }

  /** Says why there is no reply to write. */
  drawClosed() {
    const { conversation, free, other } = this.store;
    const node = byId("thread-closed");
    node.hidden = !conversation || free;
    node.textContent = node.hidden ? "" : other ? `${other.name} has this conversation.` : "Resolved. The shopper’s next message opens it again.";
  }

  drawNote() {
    const { mine } = this.store;
    const left = LIMIT - [...this.text.value].length;
    const note = left < 500 ? (left < 0 ? `${-left} characters too many` : `${left} characters left`)
      : mine ? "Enter sends, Shift+Enter starts a new line"
        : "Sending claims the conversation; the bot is then silent";
    byId("reply-note").textContent = note;
    byId("reply-send").disabled = this.text.value.trim() === "" || left < 0;
  }
}

function stored(message, shopper, parts) {
  const { author } = message;
  if (author.type === "system") return el("p", { class: "line", title: moment(message.created_at), text: message.content });
  const names = { shopper: author.name || shopper || "Shopper", bot: author.name || "Bot", agent: author.name || "Agent" };
  const rated = message.helpful === true ? "Helpful" : message.helpful === false ? "Not helpful" : null;
  return el("article", { class: `message ${author.type}` },
    el("div", { class: "message-body" },
      el("p", { class: "message-head" }, el("b", { text: names[author.type] }),
        el("time", { dateTime: message.created_at, data: { fixed: "1" }, title: moment(message.created_at), text: clock(message.created_at) })),
      el("div", { class: "bubble" }, prose(message.content, parts),
        message.options?.length ? el("ul", { class: "offered", "aria-label": "Offered to choose from" }, message.options.map((option) => el("li", { text: option.title }))) : null),
      rated ? el("p", { class: message.helpful ? "note good" : "note bad", text: `Shopper: ${rated.toLowerCase()}` }) : null));
}
