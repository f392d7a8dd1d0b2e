// Times as people say them.

/** Hours and minutes, in the reader's time zone. */
export function clock(iso, locale) {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(new Date(iso));
}

/** Day and time, for a title or a tooltip. */
export function moment(iso, locale) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

/** A short age such as "now", "4 min", "3 h" or "2 d". */
export function age(iso, now = Date.now()) {
  const minutes = Math.max(0, Math.floor((now - Date.parse(iso)) / 60_000));
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** The day of a moment as "Today", "Yesterday" or a date. */
export function day(iso, locale) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(new Date(iso)) - midnight(new Date())) / 86_400_000);
  if (days < -1 || days > 0) return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(new Date(iso));
  const words = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A time to come as `day` and `time` in the reader's zone; the day has its date where it is not this week's. */
export function opening(iso, locale, now = Date.now()) {
  const far = Date.parse(iso) - now > 6 * 86_400_000;
  const date = far ? { day: "numeric", month: "long" } : {};
  const said = (options) => new Intl.DateTimeFormat(locale, options).format(new Date(iso));
  return { day: said({ weekday: "long", ...date }), time: said({ hour: "numeric", minute: "2-digit" }) };
}

/** How long until something is due, such as "12 min left", "overdue 3 h", or a day and time where that is far off. */
export function due(iso, now = Date.now()) {
  const minutes = Math.floor((Date.parse(iso) - now) / 60_000);
  const size = (count) => (count < 60 ? `${count} min` : count < 48 * 60 ? `${Math.floor(count / 60)} h` : `${Math.floor(count / 1440)} d`);
  if (minutes < 0) return { text: `overdue ${size(Math.max(1, -minutes))}`, state: "over" };
  if (minutes >= 12 * 60) return { text: `due ${new Intl.DateTimeFormat(undefined, { weekday: "short", hour: "2-digit", minute: "2-digit" }).format(new Date(iso))}`, state: "later" };
  return { text: minutes < 60 ? `${minutes} min left` : `${Math.floor(minutes / 60)} h ${minutes % 60} min left`, state: minutes < 10 ? "soon" : "later" };
}
