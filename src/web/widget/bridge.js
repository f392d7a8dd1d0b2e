// Talks with the loader on the shop's page. Nothing leaves for an unknown origin, and nothing is taken from one.

import { context } from "./context.js";

const embedded = !context.popout && context.parentOrigin !== "";

/** Tells the shop's page; the browser drops the message when the page is not of that origin. */
export function tell(type, detail = {}) {
  if (embedded) window.parent.postMessage({ source: "nightdesk", type, ...detail }, context.parentOrigin);
}

/** Hears the shop's page: `handlers` by type. */
export function listen(handlers) {
  window.addEventListener("message", (event) => {
    if (!embedded || event.source !== window.parent || event.origin !== context.parentOrigin) return;
    const { source, type } = event.data ?? {};
    if (source === "nightdesk" && Object.hasOwn(handlers, type)) handlers[type](event.data);
  });
}

/** Whether there is a page around the frame that can close it. */
export const canClose = embedded;
