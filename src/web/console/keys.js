// Single-key shortcuts, silent while somebody writes or a dialog is open.

import { byId } from "../shared/dom.js";

export function installKeys({ store, queue, thread, copilot, act, back }) {
  const actions = {
    j: () => queue.move(1),
    k: () => queue.move(-1),
    c: () => store.free && !store.mine && act("claim"),
    r: () => thread.focusReply(),
    s: () => copilot.toggleSummary(),
    d: () => copilot.focusDrafts(),
    e: () => store.free && act("resolve"),
    "?": () => byId("help").showModal(),
    Escape: back,
  };
  document.addEventListener("keydown", (event) => {
    if (!store.agent || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || byId("help").open) return;
    if (event.target.closest("input, textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (!Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key]();
  });
}
