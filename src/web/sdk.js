// The loader a shop puts on its pages: a launcher and an iframe. A classic script without dependencies, since it runs on
// somebody else's page; its styles live in a shadow root so that neither side can break the other.
(() => {
  "use strict";

  if (window.nightdeskSDK) return;

  const WORDS = {
    en: { open: "Open the chat", close: "Close the chat", frame: "Chat with the shop", unread: "unread", title: "Chat with us" },
    zh: { open: "打开聊天", close: "关闭聊天", frame: "与店铺聊天", unread: "条未读", title: "联系客服" },
  };

  const STYLE = `
    :host { all: initial; }
    * { box-sizing: border-box; }
    .launcher {
      position: fixed; bottom: calc(20px + env(safe-area-inset-bottom, 0px)); z-index: 2147483000;
      display: flex; align-items: center; justify-content: center; gap: 10px;
      min-width: 56px; height: 56px; padding: 0 16px; border: 0; border-radius: 28px; cursor: pointer;
      background: #0f6a5a; color: #fff; font: 600 15px/1 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
      box-shadow: 0 2px 6px rgb(10 40 32 / 22%), 0 10px 28px rgb(10 40 32 / 22%);
      transition: transform 140ms ease, background-color 140ms ease;
    }
    .launcher:hover { background: #0b5447; transform: translateY(-1px); }
    .launcher:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px #0f6a5a; }
    .right { right: calc(20px + env(safe-area-inset-right, 0px)); }
    .left { left: calc(20px + env(safe-area-inset-left, 0px)); }
    .launcher svg { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; }
    .badge {
      position: absolute; top: -4px; right: -4px; min-width: 22px; height: 22px; padding: 0 6px; border-radius: 11px;
      display: flex; align-items: center; justify-content: center; border: 2px solid #fff;
      background: #b3261e; color: #fff; font: 700 12px/1 system-ui, sans-serif;
    }
    .panel {
      position: fixed; bottom: calc(88px + env(safe-area-inset-bottom, 0px)); z-index: 2147483001;
      width: 400px; height: min(680px, calc(100vh - 112px)); max-width: calc(100vw - 40px);
      overflow: hidden; border-radius: 18px; background: transparent;
      box-shadow: 0 2px 8px rgb(10 30 24 / 16%), 0 18px 56px rgb(10 30 24 / 26%);
      transform-origin: bottom right; animation: rise 160ms ease-out;
    }
    .panel.left { transform-origin: bottom left; }
    iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: normal; }
    [hidden] { display: none !important; }
    @keyframes rise { from { opacity: 0; transform: translateY(12px) scale(0.98); } }
    @media (max-width: 520px), (max-height: 480px) {
      .panel { inset: 0; width: 100%; max-width: none; height: 100%; height: 100dvh; border-radius: 0; }
      .launcher[aria-expanded="true"] { display: none; }
    }
    @media (prefers-reduced-motion: reduce) { .panel { animation: none; } .launcher { transition: none; } .launcher:hover { transform: none; } }
  `;

  const state = { open: false, unread: 0, identity: null, loaded: false };
  let options = null;
  let parts = null;

  function run({ websiteToken, baseUrl }) {
    if (options) return;
    const settings = { position: "right", type: "standard", hideMessageBubble: false, darkMode: "light", ...window.nightdeskSettings };
    const wanted = settings.locale || (settings.useBrowserLanguage ? navigator.language : "");
    options = { websiteToken, settings, locale: wanted, base: new URL(baseUrl || location.origin, location.href) };
    if (document.body) mount();
    else document.addEventListener("DOMContentLoaded", mount, { once: true });
  }

  function mount() {
    const host = document.createElement("nightdesk-widget");
    const root = host.attachShadow({ mode: "open" });
    style(root);
    const side = options.settings.position === "left" ? "left" : "right";
    const launcher = document.createElement("button");
    launcher.type = "button";
    launcher.className = `launcher ${side}`;
    launcher.hidden = Boolean(options.settings.hideMessageBubble);
    launcher.addEventListener("click", () => toggle());
    const panel = document.createElement("div");
    panel.className = `panel ${side}`;
    panel.hidden = true;
    root.append(panel, launcher);
    parts = { host, launcher, panel, frame: null };
    document.body.append(host);
    window.addEventListener("message", onMessage);
    document.addEventListener("keydown", (event) => {
      const ours = event.target === host || event.target === document.body;
      if (event.key === "Escape" && state.open && ours) toggle("close");
    });
    drawLauncher();
    if (remembered()) loadFrame();
    // Wrapped, so that a listener that throws does not undo the mount.
    emit("ready");
  }

  /** Constructable style sheets are allowed by a strict style-src; the element is for browsers that lack them. */
  function style(root) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } catch {
      const element = document.createElement("style");
      element.textContent = STYLE;
      root.append(element);
    }
  }

  function words() {
    const language = (options.locale || document.documentElement.lang || "en").toLowerCase();
    return language.startsWith("zh") ? WORDS.zh : WORDS.en;
  }

  function drawLauncher() {
    const { launcher } = parts;
    const text = words();
    launcher.replaceChildren(drawing(state.open));
    launcher.setAttribute("aria-expanded", String(state.open));
    launcher.setAttribute("aria-haspopup", "dialog");
    const unread = !state.open && state.unread > 0;
    launcher.setAttribute("aria-label", state.open ? text.close : unread ? `${text.open} (${state.unread} ${text.unread})` : text.open);
    if (options.settings.type === "expanded_bubble" && !state.open) {
      const title = document.createElement("span");
      title.textContent = options.settings.launcherTitle || text.title;
      launcher.append(title);
    }
    if (unread) {
      const badge = document.createElement("span");
      badge.className = "badge";
      badge.setAttribute("aria-hidden", "true");
      badge.textContent = state.unread > 9 ? "9+" : String(state.unread);
      launcher.append(badge);
    }
  }

  function drawing(open) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", open ? "M6 9.5l6 6 6-6" : "M5.5 5h13A1.5 1.5 0 0 1 20 6.5v9a1.5 1.5 0 0 1-1.5 1.5H12l-4.5 3.5V17h-2A1.5 1.5 0 0 1 4 15.5v-9A1.5 1.5 0 0 1 5.5 5ZM8.5 9.5h7M8.5 12.8h4");
    svg.append(path);
    return svg;
  }

  function address(extra) {
    const { settings, base, websiteToken, locale } = options;
    const url = new URL("/widget", base);
    const pairs = {
      website_token: websiteToken,
      locale,
      dark: settings.darkMode,
      title: settings.welcomeTitle,
      description: settings.welcomeDescription,
      ...extra,
    };
    for (const [name, value] of Object.entries(pairs)) if (value) url.searchParams.set(name, value);
    return url.href;
  }

  function loadFrame() {
    if (parts.frame) return;
    const frame = document.createElement("iframe");
    frame.title = words().frame;
    frame.allow = "clipboard-write";
    frame.src = address({ parent_origin: location.origin });
    frame.addEventListener("error", () => emit("error", { message: "The chat could not be loaded." }));
    parts.frame = frame;
    parts.panel.append(frame);
  }

  function post(type, detail) {
    if (state.loaded) parts.frame.contentWindow.postMessage({ source: "nightdesk", type, ...detail }, options.base.origin);
  }

  function onMessage(event) {
    if (!parts.frame || event.source !== parts.frame.contentWindow || event.origin !== options.base.origin) return;
    const message = event.data;
    if (!message || message.source !== "nightdesk") return;
    const handlers = {
      loaded() {
        state.loaded = true;
        if (state.identity) post("set-user", state.identity);
        post(state.open ? "opened" : "closed");
      },
      close: () => toggle("close"),
      session: () => remember(message.started),
      unread() {
        state.unread = message.count;
        drawLauncher();
      },
      message: () => emit("on-message", message.message),
      "start-conversation": () => emit("on-start-conversation", message.conversation),
      error: () => emit("error", { message: message.text }),
    };
    if (Object.hasOwn(handlers, message.type)) handlers[message.type]();
  }

  function toggle(to) {
    if (!parts) return;
    const open = to === undefined ? !state.open : to === "open";
    if (open === state.open) return;
    state.open = open;
    if (open) loadFrame();
    parts.panel.hidden = !open;
    drawLauncher();
    post(open ? "opened" : "closed");
    if (open) parts.frame.focus();
    else if (!parts.launcher.hidden) parts.launcher.focus();
    emit(open ? "opened" : "closed");
  }

  function emit(name, detail) {
    window.dispatchEvent(new CustomEvent(`nightdesk:${name}`, { detail }));
  }

  // Whether this browser has a conversation; only then is the frame loaded before it is opened.
  const key = () => `nightdesk:started:${options.websiteToken}`;
  function remembered() {
    try {
      return localStorage.getItem(key()) === "1";
    } catch {
      return false;
    }
  }
  function remember(started) {
    try {
      if (started) localStorage.setItem(key(), "1");
      else localStorage.removeItem(key());
    } catch {
      // Without storage the frame simply loads on first opening.
    }
  }

  window.nightdeskSDK = { run };
  window.$nightdesk = {
    toggle,
    toggleBubbleVisibility(to) {
      if (parts) parts.launcher.hidden = to === "hide" || (to !== "show" && !parts.launcher.hidden);
    },
    setUser(id, user = {}) {
      state.identity = { id, name: user.name, email: user.email };
      if (parts) post("set-user", state.identity);
    },
    setLocale(locale) {
      if (!parts) return;
      options.locale = locale;
      drawLauncher();
      post("set-locale", { locale });
    },
    setColorScheme(scheme) {
      if (!parts) return;
      options.settings.darkMode = scheme;
      post("set-color-scheme", { scheme });
    },
    popoutChatWindow() {
      if (!parts) return;
      window.open(address({ popout: "1" }), "nightdesk", "popup,width=420,height=700,noopener");
      toggle("close");
    },
    reset() {
      state.identity = null;
      state.unread = 0;
      if (!parts) return;
      toggle("close");
      remember(false);
      // A frame that was never loaded may still have a stored session to forget.
      if (!parts.frame) loadFrame();
      if (state.loaded) post("reset");
      else parts.frame.src = address({ parent_origin: location.origin, reset: "1" });
      drawLauncher();
    },
  };
})();
