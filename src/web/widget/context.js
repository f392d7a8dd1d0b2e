// What the address of the frame says about the shop's page and the shopper's wishes.

import { Storage } from "../shared/storage.js";
import { strings, tag } from "./strings.js";

const query = new URLSearchParams(location.search);

/** The frame's settings; fixed for the life of the page. */
export const context = {
  websiteToken: query.get("website_token") ?? "",
  locale: tag(query.get("locale") || navigator.language),
  title: query.get("title") ?? "",
  description: query.get("description") ?? "",
  popout: query.has("popout") || window.parent === window,
  reset: query.has("reset"),
  parentOrigin: originOf(query.get("parent_origin")),
};

/** The widget's words in the shopper's language. */
export const words = strings(context.locale);

/** What outlives the page, apart for every shop on this server. */
export const memory = new Storage("localStorage", `nightdesk:${context.websiteToken}:`);

/** What outlives a refresh only. */
export const draftMemory = new Storage("sessionStorage", `nightdesk:${context.websiteToken}:`);

/** Sets light, dark, or what the system prefers. */
export function setColorScheme(scheme) {
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.theme = scheme;
  else delete document.documentElement.dataset.theme;
}

setColorScheme(query.get("dark"));
document.documentElement.lang = context.locale;

function originOf(text) {
  try {
    return text ? new URL(text).origin : "";
  } catch {
    return "";
  }
}
