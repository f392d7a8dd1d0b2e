// Help for the agent: a summary in the shopper's own words, drafts of a reply, and a note where what is typed is borne out by nothing.

import { prose } from "../shared/content.js";
import { byId, el, icon } from "../shared/dom.js";
import { Storage } from "../shared/storage.js";
import { DECISIONS } from "./side.js";

const AGAIN_MS = 400;
const CHECK_MS = 900;
const SHORTEST = 8;
const NOTES = 3;
const FOLDED = "summary-folded";
const memory = new Storage("localStorage", "nightdesk:console:");

const MOODS = { unhappy: "Unhappy", urgent: "Urgent", angry: "Angry" };

export class Copilot {
  /** `onQuote(messageId)`, `onUse(text)`, and `onGrown()` when the drafts have another size. */
  constructor(store, { onQuote, onUse, onGrown }) {
    Object.assign(this, { store, onQuote, onUse, onGrown, key: null, id: null, summary: null, drafts: null });
    this.panel = byId("summary");
    this.panel.open = memory.get(FOLDED) === null;
    this.panel.addEventListener("toggle", () => (this.panel.open ? memory.remove(FOLDED) : memory.set(FOLDED, "1")));
    this.text = byId("reply-text");
    this.text.addEventListener("input", () => this.typed());
    store.addEventListener("detail", () => this.follow());
  }

  toggleSummary() {
    if (!this.panel.hidden) this.panel.open = !this.panel.open;
  }

  focusDrafts() {
    byId("drafts").querySelector("button")?.focus();
  }

  /** Whether a person has, or should take, the conversation on view. */
  get needed() {
    const status = this.store.conversation?.status;
    return status === "open" || status === "snoozed";
  }

  /** Whether the shopper waits for words of this agent's: after a reply there is nothing to draft until they write again. */
  get waits() {
    const last = this.store.detail?.messages.filter((message) => message.author.type !== "system").at(-1);
    return this.needed && this.store.free && last !== undefined && last.author.type !== "agent";
  }

  /** Asks anew when something was said or rated since. */
  follow() {
    const { selected, detail } = this.store;
    if (selected !== this.id) {
      Object.assign(this, { id: selected, key: null, summary: null, drafts: null });
      this.sent();
      clearTimeout(this.timer);
    }
    const key = detail && this.needed ? `${selected} ${detail.messages.map((one) => `${one.seq}${one.helpful ?? ""}`).join(" ")}` : null;
    if (key !== this.key) {
      const first = this.key === null;
      this.key = key;
      clearTimeout(this.timer);
      if (key) this.timer = setTimeout(() => this.load(), first ? 0 : AGAIN_MS);
    }
    this.draw();
  }

  async load() {
    const { key, id } = this;
    const path = `/conversations/${encodeURIComponent(id)}`;
    const ask = async (name) => {
      const answer = await this.store.call("GET", `${path}/${name}`).catch(() => null);
      // Something was said, or another conversation opened, while this answer was on its way.
      if (key !== this.key) return false;
      this[name] = answer ?? { failed: true };
      this.draw();
      return true;
    };
    // The drafts answer what the summary chose: one after the other the server works it out once.
    if (await ask("summary")) await ask("drafts");
  }

  draw() {
    this.drawSummary();
    this.drawDrafts();
  }

  drawSummary() {
    this.panel.hidden = this.key === null;
    const { summary } = this.summary ?? {};
    const mood = byId("summary-mood");
    mood.hidden = !MOODS[summary?.mood];
    mood.className = `mood ${summary?.mood ?? ""}`;
    mood.textContent = MOODS[summary?.mood] ?? "";
    if (this.drawnSummary === this.summary && this.drawnFor === this.id) return;
    Object.assign(this, { drawnSummary: this.summary, drawnFor: this.id });
    const body = byId("summary-body");
    if (!this.summary) body.replaceChildren(el("p", { class: "hint", text: "Reading the conversation…" }));
    else if (!summary) body.replaceChildren(this.failure("The summary could not be loaded."));
    else body.replaceChildren(...this.rows(summary));
  }

  rows({ wants, open, tried, order, mood, mood_shown_by: shown, by }) {
    const same = wants && open && wants.message_id === open.message_id && wants.start === open.start;
    const rows = [
      ["Wants", wants ? this.quote(wants) : "Nothing was written yet"],
      ["Open", same ? "The same" : open ? this.quote(open) : "No question waits for an answer"],
      ["Tried", tried.length ? el("ul", {}, tried.map((one) => this.attempt(one))) : "Nothing yet"],
      ["Order", order ? `${order.number} (${order.shown ? "theirs, told to them" : "not verified"})` : null],
      ["Mood", shown ? [`${MOODS[mood] ?? mood}: `, this.quote(shown)] : MOODS[mood] ?? "Calm"],
    ];
    const list = rows.filter(([, value]) => value !== null).map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", {}, value)));
    const chooser = by === "model" ? "the language model" : "a plain rule";
    return [el("dl", {}, list), el("p", { class: "hint", text: `The shopper’s own words, chosen by ${chooser}.` })];
  }

  quote({ message_id: id, text }) {
    return el("button", { type: "button", class: "quote", title: "Show the message", on: { click: () => this.onQuote(id) } }, `“${text}”`);
  }

  attempt({ message_id: id, decision, sources, helped }) {
    const named = sources.map(title).join(" · ");
    return el("li", {},
      el("button", { type: "button", class: "quote", title: "Show the message", on: { click: () => this.onQuote(id) } }, DECISIONS[decision] ?? decision),
      named ? `: ${named}` : null,
      helped === undefined ? null : el("span", { class: helped ? "note good" : "note bad", text: helped ? " Helpful" : " Not helpful" }));
  }

  drawDrafts() {
    const section = byId("drafts");
    const { drafts, question, failed } = this.drafts ?? {};
    section.hidden = this.key === null || !this.waits || (this.drafts !== null && !failed && !question);
    if (this.drawnDrafts !== this.drafts || this.draftsFor !== this.id) {
      Object.assign(this, { drawnDrafts: this.drafts, draftsFor: this.id });
      const focused = section.contains(document.activeElement);
      if (!this.drafts) section.replaceChildren(el("p", { class: "hint", text: "Looking for replies…" }));
      else if (failed) section.replaceChildren(this.failure("The drafts could not be loaded."));
      else if (!drafts.length) section.replaceChildren(el("p", { class: "hint", text: "No entry fits the open question: there is nothing to draft from." }));
      else section.replaceChildren(...drafts.map((draft) => this.card(draft)));
      if (focused) this.focusDrafts();
    }
    this.onGrown();
  }

  card({ content, sources, confidence, told }) {
    return el("article", { class: "draft" },
      el("p", { class: "draft-head" }, el("b", { text: "Draft" }),
        el("span", { text: `${Math.round(confidence * 100)} % likely to fit` }),
        told ? el("span", { text: "Told to the shopper already" }) : null),
      el("div", { class: "draft-body" }, prose(content)),
      el("div", { class: "draft-foot" },
        el("p", {}, icon("source"), el("span", { text: sources.map(title).join(" · ") })),
        el("button", { type: "button", class: "button small", "aria-label": `Use the draft from ${sources.map(title).join(", ")}`, on: { click: () => this.onUse(content) } }, "Use")));
  }

  failure(text) {
    return el("p", { class: "hint" }, `${text} `, el("button", { type: "button", class: "text-button", text: "Try again", on: { click: () => this.retry() } }));
  }

  retry() {
    Object.assign(this, { summary: null, drafts: null });
    this.draw();
    this.load();
  }

  /** What was typed is gone, and the note on it with it. */
  sent() {
    clearTimeout(this.checking);
    this.typing = "";
    this.note([]);
  }

  typed() {
    clearTimeout(this.checking);
    const id = this.store.selected;
    const content = this.text.value.trim();
    this.typing = content;
    if (content.length < SHORTEST) return this.note([]);
    this.checking = setTimeout(async () => {
      const answer = await this.store.call("POST", `/conversations/${encodeURIComponent(id)}/check`, { content }).catch(() => null);
      if (id === this.store.selected && content === this.typing) this.note(answer?.sentences.filter((one) => one.verdict === "doubtful") ?? []);
    }, CHECK_MS);
  }

  /** A note under the reply; it keeps nothing from being sent. */
  note(doubtful) {
    const list = byId("reply-check");
    list.hidden = doubtful.length === 0;
    list.replaceChildren(...doubtful.slice(0, NOTES).map(({ text, fault, source }) =>
      el("li", {}, icon("alert"), el("span", {}, el("q", { text: fault.said && text.includes(fault.said) ? fault.said : text }), ` Please check: ${fault.message}`, source ? ` (${title(source)}).` : "."))));
  }
}

function title(source) {
  return source.type === "order" ? `Order ${source.number}` : source.title;
}
