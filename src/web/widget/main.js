// The widget: ties the session, the event stream, the list and the forms together.

import { byId, el, icon } from "../shared/dom.js";
import { EventStream, backoff } from "../shared/sse.js";
import { canClose, listen, tell } from "./bridge.js";
import { Composer } from "./composer.js";
import { context, memory, setColorScheme, words } from "./context.js";
import { optionButtons, orderForm, personButton, ratingForm } from "./forms.js";
import { Meanwhile } from "./meanwhile.js";
import { Outbox } from "./outbox.js";
import { EntryPage } from "./page.js";
import { Session } from "./session.js";
import { Timeline } from "./timeline.js";

// How often it is asked whether somebody is there, while a shopper waits for that.
const LOOK_EVERY_MS = 60_000;

const session = new Session();
let shop = { name: context.title, greeting: "", quick_replies: [] };
let contact = {};
let conversation = null;
let availability = null;
let stream = null;
let visible = context.popout;
let attempts = 0;
let thanked = null;
let markStarted;
const started = new Promise((done) => (markStarted = done));

const outbox = new Outbox({
  deliver,
  onChange: draw,
  onSent({ message, conversation: current }) {
    const first = conversation === null;
    learn(current);
    take(message);
    if (first) tell("start-conversation", { conversation: { id: current.id } });
    tell("session", { started: true });
    draw();
  },
});

const page = new EntryPage(byId("page"), (path) => session.get(path));

const timeline = new Timeline(
  { scroll: byId("scroll"), log: byId("log"), live: byId("live"), jump: byId("jump") },
  { feedback: giveFeedback, read: (source) => page.open(source), retry: (echoId) => outbox.retry(echoId) },
);

const composer = new Composer(
  { form: byId("composer"), text: byId("text"), send: byId("send"), count: byId("count"), label: byId("text-label") },
  {
    submit: say,
    typing: (on) => conversation?.status === "open" && session.post("typing", { on }).catch(() => {}),
  },
);

const meanwhile = new Meanwhile(
  { line: byId("waiting-line"), text: byId("waiting"), alone: byId("alone"), forms: byId("meanwhile") },
  {
    async email(address) {
      ({ contact } = await session.post("email", { email: address }));
      return contact.email;
    },
    assistant: letAssistantGoOn,
    done(stay) {
      draw();
      if (!stay) composer.focus();
      timeline.toEnd();
    },
  },
);

/** Waits for the session: whoever writes before it has begun must not be told that they may not. */
async function deliver(content, echoId) {
  await started;
  const send = () => session.post("messages", { content, echo_id: echoId });
  try {
    return await send();
  } catch (error) {
    if (error.status !== 401) throw error;
    await begin();
    return send();
  }
}

function say(text) {
  outbox.add(text);
  timeline.toEnd();
}

/** Starts or resumes the session and follows its events; tries again by itself until it succeeds. */
async function begin() {
  try {
    const snapshot = await session.start();
    attempts = 0;
    banner("");
    ({ shop, contact, availability } = snapshot);
    // Another conversation than before: the old secret opened nothing any more.
    if (snapshot.conversation?.id !== conversation?.id) timeline.clear();
    conversation = snapshot.conversation ?? null;
    snapshot.messages.forEach(take);
    markStarted();
    draw();
    timeline.toEnd();
    if (conversation) tell("session", { started: true });
    if (visible) markRead();
    countUnread();
    follow(conversation?.last_seq ?? 0);
  } catch (error) {
    if (!(error.passing ?? false)) {
      refuse(error.status === 403 || error.status === 404 ? words.refused : error.message);
      tell("error", { text: error.message });
      return;
    }
    banner(words.failed);
    setTimeout(begin, error.retryAfterMs ?? backoff(attempts++));
  }
}

/** Nothing that the shopper writes would arrive: there is nowhere to write. */
function refuse(text) {
  banner(text);
  byId("intro").textContent = "";
  byId("person").hidden = true;
  byId("composer").hidden = true;
}

function follow(lastId) {
  stream?.close();
  let lost = null;
  stream = new EventStream({
    url: "/api/v1/widget/events",
    lastId,
    headers: () => session.headers(),
    onEvent,
    onRefused: begin,
    onState(state) {
      // A server that asks for a reconnect is back within a second; only a real outage is worth a word.
      if (state !== "open") {
        timeline.breakDraft();
        lost ??= setTimeout(() => banner(words.offline), 1500);
        return;
      }
      clearTimeout(lost);
      lost = null;
      banner("");
      outbox.retryAll();
    },
  });
}

function onEvent(name, data) {
  if (name === "message.created") {
    const fresh = take(data);
    draw();
    if (fresh && data.author.type !== "shopper") arrived(data);
  } else if (name === "message.updated") {
    take(data);
    draw();
  } else if (name === "message.delta") {
    if (!withPerson()) timeline.addDelta(data.message_id, data.text);
  } else if (name === "typing") {
    if (data.who === "agent" || !withPerson()) timeline.setTyping(data.on ? { type: data.who, name: data.who === "agent" ? conversation?.assignee?.name : undefined } : null);
  } else if (name === "conversation.status_changed") {
    learn(data.conversation);
    if (data.from === "resolved") {
      memory.remove("rated");
      thanked = null;
    }
    draw();
    look();
  } else if (name === "conversation.updated") {
    learn(data.conversation);
    draw();
  }
}

/** Whether the shopper waits for a person whom nobody is yet. */
function waits() {
  return conversation?.status === "open" && !conversation.assignee;
}

/** Sees whether somebody is there. What cannot be seen now is seen the next time. */
async function look() {
  if (!waits()) return;
  try {
    ({ availability } = await session.get("availability"));
    draw();
  } catch {
    // The line of before stands.
  }
}

async function letAssistantGoOn(on) {
  try {
    learn((await session.post("assistant", { on })).conversation);
    draw();
    composer.focus();
  } catch (error) {
    warn(error.message);
  }
}

/**
 * Takes what the server says of the conversation, unless it is older than what is known: a fast reply is on the event stream before the answer
 * to the request that it replies to.
 */
function learn(told) {
  if (conversation?.id !== told.id || told.last_seq >= conversation.last_seq) conversation = told;
}

/** Whether the bot is silent: it goes on beside the wait for a person only where the shopper wishes so. What it was writing when a person took over goes on for a moment and is never stored. */
function withPerson() {
  return conversation !== null && conversation.status !== "pending" && !conversation.assisted;
}

function take(message) {
  if (message.echo_id) outbox.settle(message.echo_id);
  return timeline.put(message);
}

function arrived(message) {
  const { id, content, author, created_at } = message;
  tell("message", { message: { id, content, author, created_at } });
  if (visible && document.visibilityState === "visible") markRead();
  countUnread();
}

function markRead() {
  memory.set("read", `${conversation?.id ?? ""} ${timeline.newest()?.seq ?? 0}`);
}

function countUnread() {
  const [id, seq] = (memory.get("read") ?? "").split(" ");
  const read = id === conversation?.id ? Number(seq) : 0;
  const count = visible ? 0 : timeline.all().filter((one) => one.seq > read && (one.author.type === "bot" || one.author.type === "agent")).length;
  tell("unread", { count });
}

async function giveFeedback(message, helpful) {
  if (message.helpful === helpful) return;
  take({ ...message, helpful });
  draw();
  try {
    take((await session.post("feedback", { message_id: message.id, helpful })).message);
  } catch {
    take(message);
  }
  draw();
}

async function askForPerson() {
  const button = byId("person");
  button.disabled = true;
  try {
    await started;
    const taken = await session.post("handoff", { locale: context.locale });
    availability = taken.availability;
    learn(taken.conversation);
    tell("session", { started: true });
    timeline.toEnd();
    draw();
    composer.focus();
  } catch (error) {
    warn(error.message);
  }
  button.disabled = false;
}

function warn(text) {
  banner(text);
  setTimeout(() => banner(""), 8000);
}

function banner(text) {
  const node = byId("banner");
  node.hidden = text === "";
  node.textContent = text;
}

function draw() {
  drawHead();
  drawWelcome();
  if (withPerson()) timeline.endBot();
  timeline.draw(outbox.items);
  drawAfter();
  const stay = timeline.nearEnd();
  const agent = conversation?.assignee?.name;
  const greeted = timeline.all().some((message) => message.author.type === "agent" && message.author.name === agent);
  meanwhile.draw({ conversation, contact, availability, greeted });
  if (stay) timeline.toEnd();
}

function drawHead() {
  const status = conversation?.status;
  const agent = conversation?.assignee?.name;
  byId("shop").textContent = context.title || shop.name || "\u00a0";
  byId("intro").textContent = context.description && !status ? context.description
    : status !== "open" ? words.intro : agent ? words.withAgent(agent) : conversation.assisted ? words.assistedIntro : words.waitingIntro;
  if (shop.name) document.title = shop.name;
  byId("mark").textContent = [...(shop.name || "\u00a0")][0];
  byId("person").hidden = status === "open";
}

function drawWelcome() {
  const node = byId("welcome");
  const empty = timeline.messages.size === 0 && outbox.items.length === 0;
  node.hidden = !empty || !shop.name;
  if (node.hidden || node.dataset.shop === shop.name) return;
  node.dataset.shop = shop.name;
  const chips = (shop.quick_replies ?? []).map((text) => el("li", {}, el("button", { type: "button", class: "chip", text, on: {
    click() {
      say(text);
      composer.focus();
    },
  } })));
  node.replaceChildren(
    el("div", { class: "row bot" }, el("span", { class: "avatar", "aria-hidden": "true" }, icon("bot")),
      el("div", { class: "row-body" }, el("p", { class: "author", text: words.bot }), el("div", { class: "bubble", text: shop.greeting || words.greeting }))),
    el("ul", { class: "chips" }, chips),
  );
}

/** What belongs to the newest message, kept while it stays the newest so that nothing typed is lost, and gone as soon as something newer is said. */
function drawAfter() {
  const node = byId("after");
  const last = timeline.newest();
  const wanted = formFor(last);
  if ((node.dataset.form ?? "") === wanted) return;
  node.dataset.form = wanted;
  const stay = timeline.nearEnd();
  const focused = node.contains(document.activeElement);
  const answer = (text) => {
    say(text);
    // What was pressed is gone, and the focus with it.
    composer.focus();
  };
  if (wanted === "") node.replaceChildren();
  else if (wanted.startsWith("order")) node.replaceChildren(orderForm(contact?.email, answer));
  else if (wanted.startsWith("options")) node.replaceChildren(optionButtons(last.options, answer));
  else if (wanted.startsWith("person")) node.replaceChildren(personButton(askForPerson));
  else node.replaceChildren(ratingForm({ onSubmit: rate, onSkip: skipRating, onGrow: () => timeline.toEnd() }));
  if (focused && !node.contains(document.activeElement)) composer.focus();
  if (stay) timeline.toEnd();
}

function formFor(last) {
  if (outbox.items.length) return "";
  if (conversation?.status === "resolved" && thanked === conversation.id) return "thanks";
  if (conversation?.status === "resolved" && !conversation.rating && memory.get("rated") !== conversation.id) return `rating ${conversation.id}`;
  if (last?.author.type !== "bot" || withPerson()) return "";
  if (last.decision === "clarify" && last.options?.length) return `options ${last.id}`;
  if (last.decision === "part_answer" && !conversation.assisted) return `person ${last.id}`;
  return last.decision === "ask_order" ? `order ${last.id}` : "";
}

function skipRating() {
  memory.set("rated", conversation.id);
  drawAfter();
  composer.focus();
}

async function rate(rating, comment) {
  const body = comment ? { rating, comment } : { rating };
  learn((await session.post("csat", body)).conversation);
  memory.set("rated", conversation.id);
  // The form itself says the thanks, which stay in view until the next message.
  thanked = conversation.id;
  byId("after").dataset.form = "thanks";
  composer.focus();
}

function labels() {
  byId("log").setAttribute("aria-label", words.log);
  byId("person").append(icon("person"), el("span", { text: words.person }));
  byId("person").hidden = false;
  byId("person").addEventListener("click", askForPerson);
  byId("close").hidden = !canClose;
  byId("close").setAttribute("aria-label", words.close);
  byId("close").append(icon("close"));
  byId("close").addEventListener("click", () => tell("close"));
  byId("jump").textContent = words.newMessages;
}

function reload(change) {
  const url = new URL(location.href);
  url.searchParams.delete("reset");
  change(url.searchParams);
  location.replace(url);
}

labels();
drawHead();

window.addEventListener("keydown", (event) => {
  // Escape closes the page over the chat first.
  if (event.key === "Escape" && !event.isComposing && !byId("page").open) tell("close");
});

document.addEventListener("visibilitychange", () => {
  if (visible && document.visibilityState === "visible") markRead();
});

setInterval(() => visible && document.visibilityState === "visible" && look(), LOOK_EVERY_MS);

// The loader says first who the shopper is, then whether the chat is open: a session begins with the name it belongs to.
let greet;
const greeted = new Promise((done) => (greet = () => {
  known = true;
  done();
}));
let known = false;
if (canClose) setTimeout(greet, 1000);
else greet();

listen({
  opened() {
    greet();
    visible = true;
    timeline.toEnd();
    composer.focus();
    markRead();
    countUnread();
    look();
  },
  closed() {
    greet();
    visible = false;
  },
  "set-user": ({ name, email }) => {
    const unchanged = session.identity && session.identity.name === name && session.identity.email === email;
    session.identity = { name, email };
    if (known && !unchanged) begin();
  },
  "set-locale": ({ locale }) => reload((params) => params.set("locale", locale)),
  "set-color-scheme": ({ scheme }) => setColorScheme(scheme),
  reset() {
    stream?.close();
    session.forget();
    reload(() => {});
  },
});

tell("loaded");
if (context.popout) composer.focus();
await greeted;
begin();
