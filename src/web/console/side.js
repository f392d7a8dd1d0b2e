// What an agent should know before the first word: the ticket, the shopper, and what the bot went by.

import { byId, el, icon } from "../shared/dom.js";
import { age, moment } from "../shared/format.js";
import { dueNode, PRIORITIES, REASONS } from "./queue.js";

/** What the bot did, in words. */
export const DECISIONS = {
  answer: "Answered from the help entries",
  part_answer: "Answered a part, offered a person",
  clarify: "Asked which entry was meant",
  ask_order: "Asked for the order",
  order: "Answered from the order",
  smalltalk: "Small talk",
  handoff: "Handed over",
};

export class Side {
  constructor(store, { onClose }) {
    this.store = store;
    this.onClose = onClose;
    store.addEventListener("detail", () => this.draw());
  }

  draw() {
    const { detail } = this.store;
    const side = byId("side");
    if (!detail) return side.replaceChildren();
    const { ticket, contact, messages } = detail;
    const bot = messages.filter((message) => message.author.type === "bot").at(-1);
    side.replaceChildren(
      el("div", { class: "side-head only-medium" }, el("h2", { text: "About this conversation" }),
        el("button", { type: "button", class: "bar-button", "aria-label": "Close", on: { click: this.onClose } }, icon("close"))),
      ticket ? section("Ticket", [
        ["Number", `#${ticket.number}`],
        ["Reason", REASONS[ticket.reason] ?? ticket.reason],
        ["Topic", ticket.topic],
        ["Priority", PRIORITIES[ticket.priority] ?? ticket.priority],
        ["Queue", ticket.queue],
        ["First reply", ticket.first_reply_at ? moment(ticket.first_reply_at) : dueNode(ticket)],
        ["Subject", ticket.subject],
        ["Opened", el("time", { dateTime: ticket.created_at, title: moment(ticket.created_at), text: age(ticket.created_at) })],
        ["Assigned to", ticket.assignee?.name ?? "Nobody"],
        ["State", ticket.closed_at ? `Closed ${moment(ticket.closed_at)}` : "Open"],
      ]) : null,
      section("Shopper", [
        ["Name", contact.name ?? "Not given"],
        ["E-mail", contact.email ? el("a", { href: `mailto:${encodeURIComponent(contact.email).replace("%40", "@")}`, text: contact.email }) : "Not given"],
        ["First seen", moment(contact.created_at)],
      ]),
      bot ? section("Last bot message", [
        ["Decision", DECISIONS[bot.decision] ?? bot.decision ?? "Unknown"],
        ["Confidence", typeof bot.confidence === "number" ? confidence(bot.confidence) : null],
        ["Sources", bot.sources?.length ? el("ul", {}, bot.sources.map((source) => el("li", { text: source.type === "order" ? `Order ${source.number}` : source.title }))) : bot.options?.length ? null : "None"],
        ["Offered", bot.options?.length ? el("ul", {}, bot.options.map((option) => el("li", { text: option.title }))) : null],
        ["Written by", bot.model === "stored" ? "Stored text" : bot.model],
        ["Took", typeof bot.milliseconds === "number" ? took(bot.milliseconds) : null],
      ]) : section("Last bot message", [["Decision", "The bot has not written yet"]]),
    );
  }
}

function section(title, rows) {
  const list = rows.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", {}, value)));
  return el("section", {}, el("h3", { text: title }), el("dl", {}, list));
}

function took(milliseconds) {
  return milliseconds < 1000 ? `${Math.max(1, Math.round(milliseconds))} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function confidence(value) {
  const percent = `${Math.round(value * 100)} %`;
  const fill = el("span");
  fill.style.width = `${Math.min(1, Math.max(0, value)) * 100}%`;
  return el("span", { class: "confidence" }, el("span", { class: "gauge", "aria-hidden": "true" }, fill), percent);
}
