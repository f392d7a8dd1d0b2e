// Browser storage that may be refused (private windows, third-party frames): what cannot be stored lives as long as the page.

/** Wraps `localStorage` or `sessionStorage` under a prefix. */
export class Storage {
  constructor(kind, prefix) {
    this.kind = kind;
    this.prefix = prefix;
    this.memory = new Map();
  }

  get(key) {
    try {
      return window[this.kind].getItem(this.prefix + key) ?? this.memory.get(key) ?? null;
    } catch {
      return this.memory.get(key) ?? null;
    }
  }

  set(key, value) {
    this.memory.set(key, value);
    try {
      window[this.kind].setItem(this.prefix + key, value);
    } catch {
      // Kept in memory above.
    }
  }

  remove(key) {
    this.memory.delete(key);
    try {
      window[this.kind].removeItem(this.prefix + key);
    } catch {
      // Nothing was stored.
    }
  }
}
