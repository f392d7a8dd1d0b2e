// Builds DOM without markup strings: whatever a shopper, an agent or the model wrote can only ever become text.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  alert: ["M12 8v5", "M12 16.5v.01", "M10.3 4.3 2.8 17.5A2 2 0 0 0 4.5 20.5h15a2 2 0 0 0 1.7-3L13.7 4.3a2 2 0 0 0-3.4 0Z"],
  back: ["M15 5l-7 7 7 7"],
  bot: ["M12 4v3", "M6 7h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V9a2 2 0 0 1 2-2Z", "M9 12v2", "M15 12v2"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  help: ["M9.5 9.2a2.6 2.6 0 1 1 3.7 2.4c-.8.4-1.2 1-1.2 1.9", "M12 17v.01", "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z"],
  inbox: ["M4 13l2.5-7.5h11L20 13v5a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 18Z", "M4 13h4.5a3.5 3.5 0 0 0 7 0H20"],
  info: ["M12 11v5", "M12 8v.01", "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z"],
  leave: ["M14 5h4a1.5 1.5 0 0 1 1.5 1.5v11A1.5 1.5 0 0 1 18 19h-4", "M4.5 12H14", "M8 8l-4 4 4 4"],
  person: ["M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z", "M4.5 20a7.5 7.5 0 0 1 15 0"],
  send: ["M5 12h13", "M12.5 6l6 6-6 6"],
  source: ["M7 3.5h7l4 4V19a1.5 1.5 0 0 1-1.5 1.5h-9.5A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5Z", "M9 12h6", "M9 16h4"],
  star: ["M12 3.8l2.5 5.2 5.7.8-4.1 4 1 5.7-5.1-2.7-5.1 2.7 1-5.7-4.1-4 5.7-.8Z"],
};

/**
 * Creates an element. `props` may hold `class`, `text`, `on` ({event: listener}), `data` ({key: value}), DOM properties and,
 * for names with a dash or `role`/`for`, attributes. `null`, `undefined` and `false` children are left out.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name === "on") Object.entries(value).forEach(([event, listener]) => node.addEventListener(event, listener));
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name.includes("-") || name === "role" || name === "for") node.setAttribute(name, String(value));
    else node[name] = value;
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** A decorative icon; the control around it carries the label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon");
  for (const d of ICONS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** The element with that id; a missing one is a fault of the page, not of the data. */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`The page has no element #${id}.`);
  return node;
}

/** Grows a textarea with its text up to `limit` pixels. */
export function autogrow(area, limit) {
  const fit = () => {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, limit)}px`;
    area.style.overflowY = area.scrollHeight + 2 > limit ? "auto" : "hidden";
  };
  area.addEventListener("input", fit);
  return fit;
}
