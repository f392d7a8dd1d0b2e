// What a shopper sees and may do while they wait for a person: when somebody will be there, an address to leave, and the assistant that goes on.

import { el } from "../shared/dom.js";
import { opening } from "../shared/format.js";
import { context, words } from "./context.js";
import { emailForm } from "./forms.js";

export class Meanwhile {
  /**
   * `places`: the elements `line` with its `text` and `alone` in it, and `forms`; `on`: `email(address)` and `assistant(on)` resolve when the server
   * has done it, `done(stay)` is told when something else is to be
   * drawn, and when what had the focus is gone: then it goes to the composer, unless `stay`.
   */
  constructor(places, on) {
    Object.assign(this, places);
    this.on = on;
    this.alone.textContent = words.alone;
    this.alone.addEventListener("click", () => this.assist(false, this.alone));
    this.waitsIn = null;
    this.drawn = "";
  }

  draw({ conversation, contact, availability, greeted }) {
    const waits = conversation?.status === "open" && !conversation.assignee;
    if (!waits) this.waitsIn = null;
    else if (this.waitsIn !== conversation.id) {
      this.waitsIn = conversation.id;
      this.form = null;
      this.folded = false;
      this.left = null;
    }
    this.drawLine(conversation, waits ? availability : null, greeted);
    this.drawForms(conversation, waits && { contact, availability });
  }

  drawLine(conversation, availability, greeted) {
    const agent = conversation?.status === "open" ? conversation.assignee?.name : null;
    const text = agent ? (greeted ? "" : words.tookOver(agent)) : this.waitsIn ? waiting(conversation, availability) : "";
    this.line.hidden = this.text.hidden = text === "";
    // Said again only when it says something else: it is read out.
    if (this.text.textContent !== text) this.text.textContent = text;
    this.alone.hidden = !(this.waitsIn && conversation.assisted);
  }

  drawForms(conversation, waits) {
    const nobody = waits && waits.availability && waits.availability.state !== "online";
    const wantsAddress = nobody && (this.left !== null || !waits.contact?.email);
    const parts = waits ? [this.left ? "left" : wantsAddress ? (this.folded ? "folded" : "form") : "", conversation.assisted ? "" : "go-on"] : [];
    const wanted = parts.filter(Boolean).join(" ");
    if (wanted === this.drawn && this.forms.dataset.of === (this.waitsIn ?? "")) return;
    this.drawn = wanted;
    this.forms.dataset.of = this.waitsIn ?? "";
    const focused = this.forms.contains(document.activeElement);
    const has = (part) => parts.includes(part);
    this.form ??= has("form") ? emailForm({ onSubmit: (address) => this.leave(address), onSkip: () => this.fold() }) : null;
    const chips = [
      has("go-on") && this.chip(words.goOn, (event) => this.assist(true, event.currentTarget)),
      has("folded") && this.chip(words.leaveEmail, () => this.unfold()),
    ].filter(Boolean);
    this.forms.replaceChildren(
      ...(has("form") ? [this.form.node] : []),
      ...(has("left") ? [this.thanks()] : []),
      ...(chips.length ? [el("ul", { class: "chips" }, chips)] : []),
    );
    if (focused && !this.forms.contains(document.activeElement)) this.on.done();
  }

  chip(text, press) {
    return el("li", {}, el("button", { type: "button", class: "chip", text, on: { click: press } }));
  }

  thanks() {
    const change = el("button", { type: "button", class: "link", text: words.change, on: { click: () => {
      // Known to have been left, and to be given anew.
      this.left = "";
      this.folded = false;
      this.on.done("email");
      this.form.input.focus();
    } } });
    return el("p", { class: "kept", role: "status" }, el("span", { text: words.emailKept(this.left) }), change);
  }

  fold() {
    this.folded = true;
    this.on.done();
  }

  unfold() {
    this.folded = false;
    this.on.done("email");
    this.form.input.focus();
  }

  async leave(address) {
    this.left = await this.on.email(address);
    this.on.done();
  }

  async assist(on, button) {
    button.disabled = true;
    // An address half typed stays in view; a form that nobody began makes room for the answers.
    if (on && this.form && this.form.input.value === "") this.folded = true;
    await this.on.assistant(on);
    button.disabled = false;
  }
}

/** What is said to whoever waits. Times are the reader's own. */
function waiting(conversation, availability) {
  const opens = availability?.opens_at ? words.opens(opening(availability.opens_at, context.locale)) : "";
  const nobody = availability?.state === "nobody" ? words.nobody : "";
  if (conversation.assisted) return [words.assisted, opens].filter(Boolean).join(words.space);
  return [words.waiting, opens || nobody].filter(Boolean).join(words.space);
}
