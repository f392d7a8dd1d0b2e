// The list of messages. Nodes are kept and only moved or replaced where something changed, so that a screen reader hears
// each message once and nothing flickers when a provisional bubble becomes a stored one.

import { el } from "../shared/dom.js";
import { day } from "../shared/format.js";
import { draftNode, messageNode, pendingNode, typingNode } from "./bubble.js";
import { context } from "./context.js";

const GROUP_MS = 5 * 60_000;
const NEAR_END_PX = 90;
const TYPING_LIMIT_MS = { bot: 90_000, agent: 12_000 };

export class Timeline {
  /** `places`: the elements `scroll`, `log`, `live`, `jump`; `on`: `feedback(message, helpful)`, `read(source)` and `retry(echoId)`. */
  constructor(places, on) {
    Object.assign(this, places);
    this.on = on;
    this.messages = new Map();
    this.nodes = new Map();
    this.draft = null;
    this.typist = null;
    this.jump.addEventListener("click", () => this.toEnd());
    this.scroll.addEventListener("scroll", () => {
      this.atEnd = this.nearEnd();
      if (this.atEnd) this.jump.hidden = true;
    }, { passive: true });
    // A keyboard, a growing text or a line above the composer takes room: whoever read the end goes on reading it.
    this.atEnd = true;
    const watch = new ResizeObserver(() => this.atEnd && this.toEnd());
    for (const node of [this.scroll, ...this.scroll.children]) watch.observe(node);
  }

  /** Takes a stored message in; false when it was known and nothing is new. */
  put(message) {
    const known = this.messages.get(message.id);
    this.messages.set(message.id, message);
    if (message.author.type === "bot" && !known) this.endDraft();
    if (!known && this.typist?.type === message.author.type) this.setTyping(null);
    return !known;
  }

  all() {
    return [...this.messages.values()].sort((a, b) => a.seq - b.seq);
  }

  newest() {
    return this.all().at(-1);
  }

  clear() {
    this.messages.clear();
    this.endDraft();
    this.setTyping(null);
  }

  /** Draws the stored messages and those on their way. */
  draw(pending) {
    const stay = this.nearEnd();
    const before = this.messages.size === this.drawn ? null : this.newest();
    const wanted = [...this.stored(), ...pending.map((item) => ({
      key: item.echo_id, mark: item.state, author: "shopper", at: Date.parse(item.created_at), build: () => pendingNode(item, this.on.retry),
    }))];
    this.place(wanted);
    this.drawn = this.messages.size;
    if (stay) this.toEnd();
    else if (before && before.author.type !== "shopper") this.jump.hidden = false;
  }

  *stored() {
    let lastDay = null;
    for (const message of this.all()) {
      const label = day(message.created_at, context.locale);
      if (label !== lastDay) {
        // The first day needs no heading when it is today: a new conversation starts with its words.
        if (lastDay !== null || Date.now() - Date.parse(message.created_at) > 86_400_000) {
          yield { key: `day ${label}`, mark: "", author: "day", at: 0, build: () => el("p", { class: "day", text: label }) };
        }
        lastDay = label;
      }
      yield {
        key: (message.author.type === "shopper" && message.echo_id) || message.id,
        mark: `stored ${message.helpful}`,
        author: `${message.author.type} ${message.author.name ?? ""}`.trim(),
        at: Date.parse(message.created_at),
        build: () => messageNode(message, this.on),
      };
    }
  }

  place(wanted) {
    const keep = new Map();
    let cursor = this.log.firstChild;
    let previous = null;
    for (const item of wanted) {
      let entry = this.nodes.get(item.key);
      if (!entry || entry.mark !== item.mark) {
        const node = item.build();
        if (entry) {
          const focused = entry.node.contains(document.activeElement) ? document.activeElement.textContent : null;
          if (cursor === entry.node) cursor = node;
          entry.node.replaceWith(node);
          if (focused) [...node.querySelectorAll("button")].find((button) => button.textContent === focused)?.focus();
        }
        entry = { node, mark: item.mark };
      }
      // Each message of the assistant says that it is one: only people's are joined.
      const joined = previous !== null && previous.author === item.author && !item.author.startsWith("bot") && item.at - previous.at < GROUP_MS;
      entry.node.classList.toggle("joined", joined);
      if (cursor === entry.node) cursor = cursor.nextSibling;
      else this.log.insertBefore(entry.node, cursor);
      keep.set(item.key, entry);
      previous = item;
    }
    for (const [key, entry] of this.nodes) if (!keep.has(key)) entry.node.remove();
    this.nodes = keep;
  }

  /** Adds words to the provisional bubble of a reply. */
  addDelta(messageId, text) {
    if (this.messages.has(messageId)) return;
    const stay = this.nearEnd();
    if (this.draft?.id !== messageId) {
      this.endDraft();
      this.draft = { id: messageId, text: "", ...draftNode() };
      this.live.prepend(this.draft.node);
    }
    this.draft.text += text;
    this.draft.show(this.draft.text);
    this.setTyping(null);
    if (stay) this.toEnd();
  }

  /** The line broke while a reply was being written: its words are incomplete now, and whoever writes it begins again. */
  breakDraft() {
    if (!this.draft) return;
    this.endDraft();
    this.setTyping({ type: "bot" });
  }

  /** Nobody but a person writes any more. */
  endBot() {
    this.endDraft();
    if (this.typist?.type === "bot") this.setTyping(null);
  }

  endDraft() {
    this.draft?.node.remove();
    this.draft = null;
  }

  /** Shows who is writing, or nobody. A missed "stopped" must not leave the dots for ever. */
  setTyping(author) {
    clearTimeout(this.typingTimer);
    if (author && this.draft) return;
    const stay = this.nearEnd();
    if (this.typist?.type !== author?.type) {
      this.typingElement?.remove();
      this.typingElement = author ? typingNode(author) : null;
      if (this.typingElement) this.live.append(this.typingElement);
    }
    this.typist = author;
    if (author) this.typingTimer = setTimeout(() => this.setTyping(null), TYPING_LIMIT_MS[author.type]);
    if (stay) this.toEnd();
  }

  nearEnd() {
    return this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < NEAR_END_PX;
  }

  toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.jump.hidden = true;
  }
}
