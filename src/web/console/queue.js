// The list of tickets with its tabs.

import { byId, el, icon } from "../shared/dom.js";
import { age, due, moment } from "../shared/format.js";

const QUEUES = [["unassigned", "Unassigned"], ["mine", "Mine"], ["open", "All open"], ["closed", "Closed"]];

const EMPTY = {
  unassigned: ["Nobody is waiting", "A ticket appears here as soon as a shopper needs a person."],
  mine: ["You have no conversations", "Claim one from Unassigned to begin."],
  open: ["No open tickets", "The bot answers everything at the moment."],
  closed: ["Nothing closed yet", "Resolved tickets are kept here."],
};

/** Why a conversation came to a person, in words. */
export const REASONS = {
  asked: "Asked for a person",
  low_confidence: "The bot was not sure",
  repeated_failure: "The bot did not help twice",
  complaint: "Complaint",
  sensitive: "Sensitive topic",
  order_not_verified: "Order could not be verified",
  order_change: "Wants an order changed",
  engine_failure: "The bot had a fault",
  policy: "For a person by the shop's rule",
};

/** How soon a ticket wants somebody, in words. */
export const PRIORITIES = { urgent: "Urgent", high: "High", normal: "Normal", low: "Low" };

/** When the first reply of an open ticket is due that has none yet, as a node that `Queue.tick` keeps right; null where there is no such time. */
export function dueNode(ticket) {
  if (!ticket.due_at || ticket.first_reply_at || ticket.state !== "open") return null;
  return drawDue(el("time", { class: "due", dateTime: ticket.due_at, title: `First reply due ${moment(ticket.due_at)}` }));
}

function drawDue(node) {
  const { text, state } = due(node.dateTime);
  node.dataset.due = state;
  node.textContent = text;
  return node;
}

export class Queue {
  /** `onQueue(name)`, `onOpen(conversationId)`, and `onOverdue()` when a ticket on view becomes overdue. */
  constructor(store, { onQueue, onOpen, onOverdue }) {
    Object.assign(this, { store, onOpen, onOverdue });
    this.list = byId("tickets");
    this.tabs = QUEUES.map(([name, label]) => {
      const count = el("span", { class: "count" });
      const tab = el("button", { type: "button", role: "tab", class: "tab", id: `tab-${name}`, "aria-controls": "tickets", on: { click: () => onQueue(name) } }, label, count);
      return { name, tab, count };
    });
    byId("tabs").append(...this.tabs.map(({ tab }) => tab));
    byId("tabs").addEventListener("keydown", (event) => this.arrow(event, onQueue));
    store.addEventListener("tickets", () => this.draw());
    store.addEventListener("detail", () => this.mark());
    setInterval(() => this.tick(), 20_000);
  }

  arrow(event, onQueue) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = QUEUES.findIndex(([name]) => name === this.store.queue);
    const to = (at + step + QUEUES.length) % QUEUES.length;
    onQueue(QUEUES[to][0]);
    this.tabs[to].tab.focus();
  }

  draw() {
    const { queue, counts, tickets } = this.store;
    for (const { name, tab, count } of this.tabs) {
      tab.setAttribute("aria-selected", String(name === queue));
      tab.tabIndex = name === queue ? 0 : -1;
      count.textContent = counts[name] ?? "";
      count.hidden = !counts[name];
    }
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const scrolled = this.list.scrollTop;
    if (!tickets) this.list.replaceChildren(el("li", { class: "empty", text: "Loading…" }));
    else if (!tickets.length) {
      this.list.replaceChildren(el("li", { class: "empty" }, icon("inbox"), el("strong", { text: EMPTY[queue][0] }), el("span", { text: EMPTY[queue][1] })));
    } else this.list.replaceChildren(...tickets.map((item) => this.row(item)));
    this.list.scrollTop = scrolled;
    if (focused) [...this.list.querySelectorAll("button")].find((button) => button.dataset.id === focused)?.focus({ preventScroll: true });
  }

  /** Moves the mark alone: the rows, and the focus in them, stay. */
  mark() {
    const rows = [...this.list.querySelectorAll(".ticket")];
    (this.store.tickets ?? []).forEach(({ ticket, conversation }, at) => rows[at]?.setAttribute("aria-current", String(this.isOpen(ticket, conversation))));
  }

  row({ ticket, conversation, contact_name: name, last_message: last, waiting }) {
    const since = waiting && last ? last.created_at : ticket.created_at;
    const open = ticket.state === "open";
    const button = el("button", { type: "button", class: "ticket", data: { id: conversation.id }, "aria-current": String(this.isOpen(ticket, conversation)), on: { click: () => this.onOpen(conversation.id) } },
      el("span", { class: "ticket-top" },
        el("strong", { text: name || "Shopper" }), el("span", { class: "ticket-number", text: `#${ticket.number}` }),
        el("time", { dateTime: since, title: moment(since), text: age(since) })),
      el("span", { class: "ticket-subject", text: ticket.subject || last?.content || "" }),
      el("span", { class: "ticket-foot" },
        open && (ticket.priority === "urgent" || ticket.priority === "high") ? el("span", { class: `pill priority ${ticket.priority}`, text: PRIORITIES[ticket.priority] }) : null,
        el("span", { class: `pill ${ticket.reason}`, text: REASONS[ticket.reason] ?? ticket.reason }),
        waiting && open ? dueNode(ticket) ?? el("span", { class: "waits" }, "Waiting") : null,
        conversation.assisted ? el("span", { class: "ticket-number", text: "bot goes on" }) : null,
        ticket.assignee ? el("span", { class: "ticket-agent", text: ticket.assignee.name }) : null));
    return el("li", {}, button);
  }

  /** A conversation that was taken up again has several tickets; the newest is the one on view. */
  isOpen(ticket, conversation) {
    const { selected, detail } = this.store;
    return conversation.id === selected && (!detail?.ticket || detail.ticket.id === ticket.id);
  }

  tick() {
    let overdue = false;
    for (const time of document.querySelectorAll(".desk time[datetime]")) {
      const before = time.dataset.due;
      if (before) overdue = (drawDue(time).dataset.due === "over" && before !== "over") || overdue;
      else if (!time.dataset.fixed) time.textContent = age(time.dateTime);
    }
    // The server puts what is overdue first.
    if (overdue) this.onOverdue();
  }

  /** Moves `step` tickets down the list, beginning at the open one. */
  move(step) {
    const { tickets, selected } = this.store;
    if (!tickets?.length) return;
    const at = tickets.findIndex((item) => item.conversation.id === selected);
    const to = at < 0 ? (step > 0 ? 0 : tickets.length - 1) : Math.min(tickets.length - 1, Math.max(0, at + step));
    const { id } = tickets[to].conversation;
    this.onOpen(id);
    [...this.list.querySelectorAll("button")].find((button) => button.dataset.id === id)?.scrollIntoView({ block: "nearest" });
  }
}
