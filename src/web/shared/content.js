// Turns the text of a message into paragraphs, `- ` lists and safe links, and into nothing else.

import { el } from "./dom.js";

// Ends before closing punctuation, so that "(see https://shop.example/x)." links the address alone. CJK punctuation ends it too.
const LINK = /https?:\/\/[^\s<>"'，。；！？、（）「」]+[^\s<>"'.,;:!?)\]，。；！？、（）「」]/gi;
const ITEM = /^\s*[-•*]\s+/;

/** The content of a message as a `div.prose`. */
export function prose(content) {
  const root = el("div", { class: "prose" });
  let paragraph = [];
  let list = null;
  const flush = () => {
    if (paragraph.length) root.append(el("p", {}, linked(paragraph.join("\n"))));
    paragraph = [];
  };
  for (const line of content.replace(/\r\n?/g, "\n").split("\n")) {
    if (ITEM.test(line)) {
      flush();
      if (!list) root.append((list = el("ul")));
      list.append(el("li", {}, linked(line.replace(ITEM, ""))));
      continue;
    }
    list = null;
    if (line.trim() === "") flush();
    else paragraph.push(line);
  }
  flush();
  return root;
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
