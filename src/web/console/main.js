// The agent console: signing in, following the events of all conversations, and moving between the panes.

import { ApiError } from "../shared/api.js";
import { byId, el, icon } from "../shared/dom.js";
import { EventStream } from "../shared/sse.js";
import { Storage } from "../shared/storage.js";
import { Copilot } from "./copilot.js";
import { installKeys } from "./keys.js";
import { Queue } from "./queue.js";
import { Side } from "./side.js";
import { advice, Store } from "./store.js";
import { Thread } from "./thread.js";

const WRITER_MS = { bot: 90_000, shopper: 10_000, agent: 10_000 };

// The cookie cannot be seen from here; without this mark nobody is signed in, and the server need not be asked.
const SIGNED_IN = "signed-in";
const memory = new Storage("localStorage", "nightdesk:console:");

const store = new Store();
let stream = null;
let refresh = null;

const queue = new Queue(store, { onQueue: chooseQueue, onOpen: go, onOverdue: soon });
new Side(store, { onClose: () => pane("thread") });
const thread = new Thread(store, {
  act,
  back: () => go(null),
  info: () => pane(byId("panes").dataset.pane === "side" ? "thread" : "side"),
  reply: (text) => {
    copilot.sent();
    attempt(() => store.reply(text)).then(soon);
  },
  retry: (item) => attempt(() => store.deliver(store.selected, item)).then(soon),
  discard: (item) => store.discard(store.selected, item.echo_id),
});

const copilot = new Copilot(store, { onQuote: (id) => thread.show(id), onUse: (text) => thread.use(text), onGrown: () => thread.settle() });

/** Runs a call; an error becomes a banner that says what to do. */
async function attempt(work) {
  try {
    await work();
    alertText("");
    return true;
  } catch (error) {
    if (error.status === 401) return false;
    if (error.status === 409) await taken(error);
    else alertText(advice(error));
    return false;
  }
}

/** Work that nobody asked for: it must not wipe a banner that is still to be read, and a broken line is told by the bar. */
async function quietly(work) {
  try {
    await work();
  } catch (error) {
    if (error.status !== 401 && error.status !== 0) alertText(advice(error));
  }
}

/** Somebody was faster: show the state as it is now, and say who. */
async function taken(error) {
  await store.open(store.selected).catch(() => {});
  const { other } = store;
  alertText(error.code === "taken" && other ? `Taken by ${other.name}. Choose another ticket.` : error.message);
  soon();
}

async function act(action) {
  if (!store.conversation) return;
  if (!(await attempt(() => store.act(action)))) return;
  if (action === "claim") thread.focusReply();
  await attempt(() => store.open(store.selected));
  soon();
}

function chooseQueue(name) {
  store.queue = name;
  store.tickets = null;
  store.changed("tickets");
  attempt(() => store.loadTickets());
}

// The open conversation is part of the address, so that a refresh and the phone's back gesture do what they should.
function go(id) {
  const hash = id ? `#${id}` : "";
  if (location.hash !== hash) history.pushState(null, "", location.pathname + hash);
  route();
}

function route() {
  const id = location.hash.slice(1) || null;
  if (!store.agent) return;
  hush(id);
  pane(id ? "thread" : "queue");
  if (id !== store.selected || !store.detail) {
    alertText("");
    attempt(() => store.open(id));
  }
}

function pane(name) {
  byId("panes").dataset.pane = name;
}

/** Reloads the list once for a burst of events. */
function soon() {
  clearTimeout(refresh);
  refresh = setTimeout(() => store.agent && quietly(() => store.loadTickets()), 150);
}

function follow() {
  stream?.close();
  let lost = null;
  let began = false;
  stream = new EventStream({
    url: "/api/v1/agent/events",
    headers: () => ({}),
    onEvent,
    onRefused: () => store.signedOut(),
    onState(state) {
      if (state === "open") {
        clearTimeout(lost);
        lost = null;
        line("");
        // What happened while the line was down is read again rather than guessed.
        if (began) catchUp();
        began = true;
      } else lost ??= setTimeout(() => line("Connecting again…"), 1500);
    },
  });
}

function catchUp() {
  soon();
  if (store.selected) quietly(() => store.open(store.selected));
}

function onEvent(name, data) {
  const id = data.conversation_id ?? data.conversation?.id;
  if (name === "message.created" || name === "message.updated") {
    store.put(data);
    if (name === "message.created") {
      writing(id, null);
      soon();
    }
  } else if (name === "typing") {
    if (data.who !== "agent") writing(id, data.on ? data.who : null);
  } else if (name === "conversation.status_changed") {
    hush(id);
    if (data.to === "open" && data.from !== "open" && !data.conversation.assignee) announce(data.conversation);
    if (id === store.selected) quietly(() => store.open(id));
    soon();
  } else if (name === "conversation.updated") {
    // The shopper left an address, or lets the bot go on.
    if (id === store.selected) quietly(() => store.open(id));
    soon();
  }
}

function writing(id, who) {
  clearTimeout(store.writers.get(`${id} timer`));
  store.writers.delete(id);
  if (who) {
    store.writers.set(id, who);
    store.writers.set(`${id} timer`, setTimeout(() => writing(id, null), WRITER_MS[who]));
  }
  if (id === store.selected) store.changed("writers");
}

function announce({ id }) {
  if (id === store.selected) return;
  const toast = el("button", { type: "button", class: "toast", data: { id }, on: { click: () => go(id) } },
    icon("person"), "A shopper needs a person", el("span", { text: "Open" }));
  byId("toasts").append(toast);
  setTimeout(() => toast.remove(), 9000);
}

function hush(id) {
  for (const toast of byId("toasts").querySelectorAll(".toast")) if (toast.dataset.id === id) toast.remove();
}

function line(text) {
  byId("line").textContent = text;
}

function alertText(text) {
  const node = byId("alert");
  node.hidden = text === "";
  node.replaceChildren(icon("alert"), el("span", { text }), el("button", { type: "button", class: "bar-button", "aria-label": "Dismiss", on: { click: () => alertText("") } }, icon("close")));
}

store.addEventListener("tickets", () => {
  const waiting = store.counts.unassigned ?? 0;
  document.title = waiting ? `(${waiting}) Nightdesk` : "Nightdesk";
});

store.addEventListener("presence", () => {
  const button = byId("presence");
  button.setAttribute("aria-checked", String(!store.away));
  button.textContent = store.away ? "Away" : "Here";
  button.title = store.away ? "Shoppers are not told that you are there. Press to take conversations again." : "You count as there while this page is open. Press to set yourself away.";
});

store.addEventListener("agent", () => {
  const inside = store.agent !== null;
  byId("login").hidden = inside;
  byId("desk").hidden = !inside;
  if (inside) {
    memory.set(SIGNED_IN, "1");
    byId("agent-name").textContent = store.agent.name;
    follow();
    attempt(() => store.loadTickets());
    quietly(() => store.loadPresence());
    route();
  } else {
    stream?.close();
    memory.remove(SIGNED_IN);
    document.title = "Nightdesk";
    byId("login-email").focus();
  }
});

byId("login-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = byId("login-button");
  button.disabled = true;
  try {
    const { agent } = await store.call("POST", "/login", { email: byId("login-email").value.trim(), password: byId("login-password").value });
    byId("login-error").hidden = true;
    byId("login-password").value = "";
    store.agent = agent;
    store.changed("agent");
  } catch (error) {
    byId("login-error").textContent = error.status === 401 ? "E-mail or password is wrong." : advice(error);
    byId("login-error").hidden = false;
    byId("login-password").select();
  }
  button.disabled = false;
});

byId("logout").append(icon("leave"));
byId("logout").addEventListener("click", () => {
  store.call("POST", "/logout").catch(() => {}).finally(() => store.signedOut());
});
byId("presence").addEventListener("click", () => attempt(() => store.standAway(!store.away)));
byId("help-button").append(icon("help"));
byId("help-button").addEventListener("click", () => byId("help").showModal());
window.addEventListener("popstate", route);
window.addEventListener("hashchange", route);
installKeys({ store, queue, thread, copilot, act, back: () => (byId("panes").dataset.pane === "side" ? pane("thread") : go(null)) });

async function enter() {
  try {
    if (!memory.get(SIGNED_IN)) throw new ApiError(401, "unauthorized", "");
    store.agent = (await store.call("GET", "/me")).agent;
    store.changed("agent");
  } catch (error) {
    byId("login").hidden = false;
    byId("login-email").focus();
    if (error.status === 401) memory.remove(SIGNED_IN);
    else {
      byId("login-error").textContent = advice(error);
      byId("login-error").hidden = false;
    }
  }
}

enter();
