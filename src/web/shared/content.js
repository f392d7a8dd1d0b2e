// Turns the text of a message into paragraphs, `- ` lists and safe links, and into nothing else.

import { el } from "./dom.js";

// Ends before closing punctuation, so that "(see https://shop.example/x)." links the address alone. CJK punctuation ends it too.
const LINK = /https?:\/\/[^\s<>"'，。；！？、（）「」]+[^\s<>"'.,;:!?)\]，。；！？、（）「」]/gi;
const ITEM = /^\s*[-•*]\s+/;

/**
 * The content of a message as a `div.prose`. `parts` are `{start, end, wrap}` in Unicode characters, in their order and without overlap: `wrap` gets the
 * nodes of a part, once for each paragraph that it reaches into, and gives the node in their place.
 */
export function prose(content, parts = []) {
  const root = el("div", { class: "prose" });
  const text = content.replace(/\r\n?/g, "\n");
  const places = text === content ? inUnits(text, parts) : [];
  let paragraph = null;
  let list = null;
  const flush = () => {
    if (paragraph) root.append(el("p", {}, said(text, paragraph, places)));
    paragraph = null;
  };
  let start = 0;
  for (const line of text.split("\n")) {
    const end = start + line.length;
    const item = ITEM.exec(line);
    if (item) {
      flush();
      if (!list) root.append((list = el("ul")));
      list.append(el("li", {}, said(text, { start: start + item[0].length, end }, places)));
    } else {
      list = null;
      if (line.trim() === "") flush();
      else paragraph = { start: paragraph?.start ?? start, end };
    }
    start = end + 1;
  }
  flush();
  return root;
}

/** A stretch of the text with its links, and with the parts in it wrapped. */
function said(text, { start, end }, places) {
  const nodes = [];
  let at = start;
  for (const place of places) {
    const [from, to] = [Math.max(place.start, at), Math.min(place.end, end)];
    if (from >= to) continue;
    nodes.push(linked(text.slice(at, from)), place.wrap(linked(text.slice(from, to))));
    at = to;
  }
  return [...nodes, linked(text.slice(at, end))].flat();
}

/** The parts with their places in the units that strings are cut in. */
function inUnits(text, parts) {
  let length = 0;
  const units = [0, ...Array.from(text, (character) => (length += character.length))];
  return parts.map((part) => ({ ...part, start: units[part.start] ?? length, end: units[part.end] ?? length }));
}

function linked(text) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const href = safeAddress(match[0]);
    if (!href) continue;
    nodes.push(text.slice(from, match.index), el("a", { href, rel: "noopener noreferrer nofollow", target: "_blank" }, breakable(match[0])));
    from = match.index + match[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

/** An address that may break after its slashes rather than within a word. */
function breakable(address) {
  return address.split(/(?<=[^/:]\/)/).flatMap((part, index) => (index ? [document.createElement("wbr"), part] : [part]));
}

function safeAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}
