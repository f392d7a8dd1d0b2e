// An entry's own page over the chat: all of an answer of which a reply said a part.

import { prose } from "../shared/content.js";
import { el, icon } from "../shared/dom.js";
import { words } from "./context.js";

export class EntryPage {
  /** `dialog`: the element; `get(path)` resolves to what the server has there. */
  constructor(dialog, get) {
    this.dialog = dialog;
    this.get = get;
    this.title = el("h2", { id: "page-title" });
    this.body = el("div", { class: "page-body", tabindex: "0" });
    const close = el("button", { type: "button", class: "page-close", "aria-label": words.back, on: { click: () => dialog.close() } }, icon("close"));
    dialog.replaceChildren(el("header", { class: "page-head" }, this.title, close), this.body);
    dialog.setAttribute("aria-labelledby", "page-title");
    // A press beside the page closes it.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }

  /** Shows an entry. The dialog gives the focus back to the button when it is closed. */
  async open(source) {
    this.title.textContent = source.title;
    this.show(el("p", { class: "page-note", text: words.loading }));
    if (!this.dialog.open) this.dialog.showModal();
    this.wanted = source.id;
    try {
      const { entry } = await this.get(`entry?id=${encodeURIComponent(source.id)}`);
      if (this.wanted !== source.id) return;
      this.title.textContent = entry.question;
      this.show(prose(entry.answer));
    } catch (error) {
      if (this.wanted === source.id) this.show(el("p", { class: "page-note", role: "alert", text: error.status === 404 ? words.gone : error.message }));
    }
  }

  show(node) {
    this.body.replaceChildren(node);
    this.body.scrollTop = 0;
  }
}
