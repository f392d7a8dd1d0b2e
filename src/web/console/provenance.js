// What each sentence of a bot message rests on: shown beside the sentence under the pointer or the keyboard's focus, which is marked.

import { byId, el } from "../shared/dom.js";
import { advice } from "./store.js";

/** The pointer may cross the gap between a sentence and its card in this time. */
const CROSSING_MS = 200;
const GAP = 8;

const ROWS = { orders: "Order", order_items: "Items", payments: "Payments", shipments: "Shipment" };

export class Provenance {
  constructor(store) {
    Object.assign(this, { store, card: byId("rests-on"), shown: null, leaving: null, versions: new Map() });
    this.card.addEventListener("pointerenter", () => clearTimeout(this.leaving));
    this.card.addEventListener("pointerleave", () => this.leave());
    byId("thread-scroll").addEventListener("scroll", () => this.place(), { passive: true });
    window.addEventListener("resize", () => this.place());
    // Before the console's own keys: the first Escape closes the card alone.
    window.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.shown) return;
      event.stopPropagation();
      event.preventDefault();
      this.hide();
    }, { capture: true });
    // A sentence that is no longer on the page gets no event that says so.
    for (const part of ["detail", "agent"]) store.addEventListener(part, () => queueMicrotask(() => this.shown?.isConnected === false && this.hide()));
  }

  /** The parts of a message, as `prose` takes them. */
  parts(message) {
    return (message.statements ?? []).map(({ start, end, source }) => ({ start, end, wrap: (nodes) => this.sentence(message, source, nodes) }));
  }

  sentence(message, source, nodes) {
    const show = () => this.show(node, message, source);
    const node = el("span", {
      class: "sentence", tabIndex: 0, "aria-describedby": this.card.id,
      on: { pointerenter: show, focus: show, pointerleave: () => this.leave(), blur: () => this.hide() },
    }, nodes);
    return node;
  }

  async show(node, message, source) {
    clearTimeout(this.leaving);
    if (this.shown === node) return;
    this.hide();
    this.shown = node;
    node.classList.add("marked");
    this.draw(source.type === "entry" ? entry(message, source, null) : source.type === "row" ? row(source) : phrase(source));
    if (source.type !== "entry") return;
    let lines;
    try {
      lines = entry(message, source, await this.version(source.version));
    } catch (error) {
      lines = entry(message, source, null, advice(error));
    }
    if (this.shown === node) this.draw(lines);
  }

  leave() {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(() => this.shown !== document.activeElement && this.hide(), CROSSING_MS);
  }

  hide() {
    clearTimeout(this.leaving);
    this.shown?.classList.remove("marked");
    this.shown = null;
    this.card.hidden = true;
  }

  draw(lines) {
    this.card.replaceChildren(...lines);
    this.card.hidden = false;
    this.place();
  }

  /** Above the sentence, or below it where there is no room. */
  place() {
    if (!this.shown) return;
    const boxes = this.shown.getClientRects();
    if (!boxes.length) return this.hide();
    const { offsetWidth: width, offsetHeight: height } = this.card;
    const above = boxes[0].top - height - GAP;
    const below = Math.min(boxes[boxes.length - 1].bottom + GAP, innerHeight - height - GAP);
    this.card.style.left = `${Math.max(GAP, Math.min(boxes[0].left, innerWidth - width - GAP))}px`;
    this.card.style.top = `${above >= GAP ? above : Math.max(GAP, below)}px`;
  }

  /** What the entry said; asked once, for a version never changes. */
  version(name) {
    if (!this.versions.has(name)) {
      const asked = this.store.call("GET", `/entry-versions/${encodeURIComponent(name)}`);
      this.versions.set(name, asked);
      asked.catch(() => this.versions.delete(name));
    }
    return this.versions.get(name);
  }
}

function entry(message, source, kept, fault) {
  const named = message.sources?.find((one) => one.type === "entry" && one.id === source.id);
  const quote = kept && Array.from(kept.answer).slice(source.start, source.end).join("");
  return [
    el("b", { text: kept?.question ?? named?.title ?? source.id }),
    fault ? el("span", { class: "bad", text: fault }) : kept ? el("blockquote", { text: quote }) : el("span", { text: "Loading…" }),
    el("small", { text: `Entry ${source.id}, version ${source.version}` }),
  ];
}

function row({ table, key, column }) {
  const [number, line] = key.split("/");
  const where = [ROWS[table] ?? table, line].filter(Boolean).join(" ");
  const columns = column.split(",").map((name) => name.replaceAll("_", " ")).join(", ");
  return [el("b", { text: `Order ${number}` }), el("span", { text: `${where}: ${columns}` }), el("small", { text: "From the order database" })];
}

function phrase({ key }) {
  return [el("b", { text: "A phrase of the shop’s" }), el("small", { text: `Phrase ${key}; it states no fact` })];
}
