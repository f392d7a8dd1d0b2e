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
