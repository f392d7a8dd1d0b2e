// Where the shopper writes. It is never disabled: a person who corrects themselves while the bot writes must be able to.

import { autogrow, icon } from "../shared/dom.js";
import { draftMemory, words } from "./context.js";

const LIMIT = 8000;
const COUNT_FROM = 7500;
const TYPING_EVERY_MS = 4000;
const TYPING_IDLE_MS = 5000;

export class Composer {
  /** `places`: `form`, `text`, `send`, `count`, `label`; `on`: `submit(text)` and `typing(on)`. */
  constructor(places, on) {
    Object.assign(this, places);
    this.on = on;
    this.label.textContent = words.composerLabel;
    this.text.placeholder = words.composer;
    this.send.setAttribute("aria-label", words.send);
    this.send.append(icon("send"));
    this.fit = autogrow(this.text, 140);
    this.text.value = draftMemory.get("draft") ?? "";
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("keydown", (event) => this.key(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.show();
  }

  /** Moves the focus here where that opens no keyboard on the screen over the conversation. */
  focus() {
    if (!matchMedia("(pointer: coarse)").matches) this.text.focus({ preventScroll: true });
    this.fit();
  }

  key(event) {
    // While an input method composes, Enter chooses a candidate.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.submit();
  }

  changed() {
    draftMemory.set("draft", this.text.value);
    this.show();
    clearTimeout(this.idle);
    if (this.text.value.trim() === "") return this.stopTyping();
    const now = Date.now();
    if (!this.told || now - this.told > TYPING_EVERY_MS) {
      this.told = now;
      this.on.typing(true);
    }
    this.idle = setTimeout(() => this.stopTyping(), TYPING_IDLE_MS);
  }

  stopTyping() {
    clearTimeout(this.idle);
    if (this.told) this.on.typing(false);
    this.told = 0;
  }

  show() {
    // The server counts characters, not UTF-16 units.
    const length = this.text.value.length < COUNT_FROM ? this.text.value.length : [...this.text.value].length;
    this.tooLong = length > LIMIT;
    this.count.hidden = length < COUNT_FROM;
    this.count.textContent = this.count.hidden ? "" : words.left(LIMIT - length);
    this.count.classList.toggle("over", this.tooLong);
    this.text.setAttribute("aria-invalid", String(this.tooLong));
    this.send.classList.toggle("ready", this.text.value.trim() !== "" && !this.tooLong);
  }

  submit() {
    const text = this.text.value.trim();
    if (text === "" || this.tooLong) return;
    this.text.value = "";
    draftMemory.remove("draft");
    this.told = 0;
    clearTimeout(this.idle);
    this.fit();
    this.show();
    this.on.submit(text);
    this.text.focus({ preventScroll: true });
  }
}
