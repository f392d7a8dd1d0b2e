// What stands under the newest message: the entries to choose from, a person on offer, and the two small forms.

import { el, icon } from "../shared/dom.js";
import { words } from "./context.js";

const EMAIL = /^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/;

// What was looked up last: one slip in either field must not cost typing both again.
const tried = { order: "", mail: "" };

/** Asks for order number and e-mail; `onSubmit(text)` gets the message that says both. */
export function orderForm(email, onSubmit) {
  const number = field("order-number", words.orderNumber, { placeholder: words.orderHint, autocomplete: "off", autocapitalize: "characters", spellcheck: false, maxLength: 64, value: tried.order });
  const address = field("order-email", words.email, { type: "email", autocomplete: "email", inputMode: "email", maxLength: 254, value: tried.mail || email || "" });
  const form = el("form", { class: "card", noValidate: true, "aria-labelledby": "order-title" },
    el("h2", { id: "order-title", text: words.orderTitle }), number.node, address.node,
    el("button", { class: "button primary", text: words.lookUp }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const order = number.input.value.trim();
    const mail = address.input.value.trim();
    number.complain(order ? "" : words.numberMissing);
    address.complain(EMAIL.test(mail) ? "" : words.emailWrong);
    const wrong = form.querySelector('[aria-invalid="true"]');
    if (wrong) return wrong.focus();
    Object.assign(tried, { order, mail });
    onSubmit(`${order.startsWith("#") ? "" : "#"}${order}, ${mail}`);
  });
  return form;
}

/**
 * Asks for an address that the team can write to. `onSubmit(address)` resolves when it is kept, `onSkip()` puts the form away. The form and its field.
 */
export function emailForm({ onSubmit, onSkip }) {
  const address = field("leave-email", words.yourEmail, { type: "email", autocomplete: "email", inputMode: "email", maxLength: 254 });
  const send = el("button", { class: "button primary", text: words.keepEmail });
  const node = el("form", { class: "card", noValidate: true, "aria-labelledby": "email-title" },
    el("h2", { id: "email-title", text: words.emailTitle }), el("p", { class: "card-note", text: words.emailNote }), address.node,
    el("div", { class: "card-actions" }, send, el("button", { type: "button", class: "button", text: words.skip, on: { click: onSkip } })));
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    const mail = address.input.value.trim();
    address.complain(EMAIL.test(mail) ? "" : words.emailWrong);
    if (address.input.getAttribute("aria-invalid") === "true") return address.input.focus();
    send.disabled = true;
    try {
      await onSubmit(mail);
    } catch (failure) {
      address.complain(failure.status === 422 ? words.emailWrong : failure.message);
      address.input.focus();
    }
    send.disabled = false;
  });
  return { node, input: address.input };
}

function field(id, label, props) {
  const input = el("input", { id, class: "input", type: "text", "aria-describedby": `${id}-error`, ...props });
  const error = el("p", { id: `${id}-error`, class: "field-error", hidden: true });
  const complain = (text) => {
    error.textContent = text;
    error.hidden = !text;
    input.setAttribute("aria-invalid", String(Boolean(text)));
  };
  input.addEventListener("input", () => complain(""));
  return { input, complain, node: el("div", { class: "field" }, el("label", { for: id, text: label }), input, error) };
}

/** Buttons for the entries that the bot offers, and one for none of them; `onChoose(text)` gets what the shopper says with it. */
export function optionButtons(options, onChoose) {
  const button = (text, kind) => el("li", {}, el("button", { type: "button", class: `chip ${kind}`, text, on: { click: () => onChoose(text) } }));
  return el("div", { role: "group", "aria-label": words.options },
    el("ul", { class: "chips options" }, options.map((option) => button(option.title, "option")), button(words.noneOfThese, "quiet")));
}

/** The person that the bot offers for what it cannot answer. */
export function personButton(onPress) {
  return el("ul", { class: "chips" }, el("li", {}, el("button", { type: "button", class: "chip", text: words.person, on: { click: onPress } })));
}

/** One to five stars and a comment; `onSubmit(rating, comment)` resolves when stored, `onSkip()` puts the form away, `onGrow()` shows its end. */
export function ratingForm({ onSubmit, onSkip, onGrow }) {
  const send = el("button", { class: "button primary", text: words.submit, disabled: true });
  const comment = el("textarea", { id: "rating-comment", class: "input", rows: 2, maxLength: 2000, placeholder: words.comment, "aria-label": words.comment });
  const more = el("div", { class: "rating-more", hidden: true }, comment);
  const error = el("p", { class: "field-error", role: "alert", hidden: true });
  const stars = [1, 2, 3, 4, 5].map((count) => {
    const input = el("input", { type: "radio", name: "rating", value: String(count), class: "sr-only" });
    input.addEventListener("change", () => {
      stars.forEach((star, index) => star.classList.toggle("on", index < count));
      more.hidden = false;
      send.disabled = false;
      onGrow();
    });
    return el("label", { class: "star", title: words.star(count) }, input, icon("star"), el("span", { class: "sr-only", text: words.star(count) }));
  });
  const form = el("form", { class: "card rating" },
    el("p", { class: "card-note", text: words.resolved }),
    el("fieldset", {}, el("legend", { text: words.rate }), el("div", { class: "stars" }, stars)),
    more, error,
    el("div", { class: "card-actions" }, send, el("button", { type: "button", class: "button", text: words.skip, on: { click: onSkip } })));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    try {
      await onSubmit(Number(new FormData(form).get("rating")), comment.value.trim());
      form.replaceChildren(el("p", { class: "card-note", role: "status", text: words.rated }));
    } catch (failure) {
      error.textContent = failure.message;
      error.hidden = false;
      send.disabled = false;
    }
  });
  return form;
}
