// One message as DOM.

import { prose } from "../shared/content.js";
import { el, icon } from "../shared/dom.js";
import { moment } from "../shared/format.js";
import { context, words } from "./context.js";

const RATED_DECISIONS = new Set(["answer", "part_answer", "order"]);

/** The name shown above the first bubble of a group. */
export function authorName(author) {
  if (author.type === "bot") return author.name || words.bot;
  if (author.type === "agent") return author.name || words.agent;
  return words.you;
}

/** A stored message; `on.feedback(message, helpful)` is called when the shopper rates it, `on.read(source)` when they want all of an entry. */
export function messageNode(message, on) {
  if (message.author.type === "system") {
    return el("div", { class: "line", title: moment(message.created_at, context.locale) }, prose(message.content));
  }
  const row = shell(message.author);
  const bubble = el("div", { class: "bubble", title: moment(message.created_at, context.locale) }, prose(message.content));
  row.body.append(bubble);
  if (message.author.type === "bot") {
    if (message.sources?.length) row.body.append(sources(message, on.read));
    if (RATED_DECISIONS.has(message.decision)) row.body.append(feedback(message, on.feedback));
  }
  return row.node;
}

/** A message that is not stored yet; `onRetry(echoId)` when the shopper asks for another attempt. */
export function pendingNode(item, onRetry) {
  const row = shell({ type: "shopper" });
  row.node.classList.add(item.state);
  row.body.append(el("div", { class: "bubble" }, prose(item.content)));
  if (item.state === "failed") {
    row.body.append(
      el("p", { class: "delivery", role: "alert" },
        icon("alert"), el("span", { text: item.reason || words.notSent }),
        el("button", { type: "button", class: "link", text: words.retry, on: { click: () => onRetry(item.echo_id) } })),
    );
  } else {
    row.body.append(el("p", { class: "delivery quiet", text: words.sending }));
  }
  return row.node;
}

/** The reply that is being written; `show(text)` replaces its words. */
export function draftNode() {
  const row = shell({ type: "bot" });
  const bubble = el("div", { class: "bubble" });
  row.body.append(bubble);
  return { node: row.node, show: (text) => bubble.replaceChildren(prose(text)) };
}

/** Three dots. */
export function typingNode(author) {
  const row = shell(author);
  const dots = el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  row.body.append(el("div", { class: "bubble" }, dots, el("span", { class: "sr-only", text: words.typing(authorName(author)) })));
  return row.node;
}

function shell(author) {
  const body = el("div", { class: "row-body" });
  const shopper = author.type === "shopper";
  // A screen reader needs the speaker of every bubble; the eye has side, colour and the group's first name.
  const automated = author.type === "bot" ? el("span", { class: "tag", text: words.automated }) : null;
  body.append(el("p", { class: shopper ? "sr-only" : "author" }, authorName(author), automated));
  const node = el("div", { class: `row ${author.type}` }, shopper ? null : el("span", { class: "avatar", "aria-hidden": "true" }, face(author)), body);
  return { node, body };
}

function face(author) {
  const initial = author.type === "agent" && author.name ? [...author.name][0].toUpperCase() : null;
  return initial ? el("b", { text: initial }) : icon(author.type === "bot" ? "bot" : "person");
}

/** What a reply rests on. An entry opens on its own page; where the reply says a part of it, the button says that there is more. */
function sources(message, onRead) {
  const chips = message.sources.map((source) => {
    if (source.type === "order") return el("li", { class: "source", text: words.order(source.number) });
    const button = el("button", { type: "button", class: "source", on: { click: () => onRead(source) } },
      el("span", { text: source.title }), message.abridged ? el("b", { text: words.readAll }) : null);
    return el("li", {}, button);
  });
  return el("div", { class: "sources" }, el("span", { text: words.from }), el("ul", {}, chips));
}

function feedback(message, onFeedback) {
  const choice = (helpful, label) => el("button", {
    type: "button", class: "choice", text: label, "aria-pressed": String(message.helpful === helpful),
    on: { click: () => onFeedback(message, helpful) },
  });
  const rated = message.helpful === true || message.helpful === false;
  const said = message.helpful === false ? words.sorry : words.thanks;
  return el("div", { class: rated ? "feedback rated" : "feedback", role: "group", "aria-label": words.helpful },
    el("span", { text: rated ? said : words.helpful }), choice(true, words.yes), choice(false, words.no));
}
