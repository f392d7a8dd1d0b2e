// JSON over fetch, with one kind of error that carries the server's stable code and sentence.

/** What a call that did not succeed throws. `status` is 0 when the server was not reached. */
export class ApiError extends Error {
  constructor(status, code, message, retryAfterMs) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same call may succeed later. */
  get passing() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Calls the server; resolves to the body, or `null` where there is none. */
export async function call(method, path, { body, headers } = {}) {
  const options = { method, headers: { Accept: "application/json", ...headers }, credentials: "same-origin", cache: "no-store" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError(0, "unreachable", "The server cannot be reached. Check the connection.");
  }
  const payload = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return payload;
  const seconds = Number(response.headers.get("Retry-After"));
  throw new ApiError(
    response.status,
    payload?.error?.code ?? "unknown",
    payload?.error?.message ?? `The server answered with status ${response.status}.`,
    seconds > 0 ? seconds * 1000 : undefined,
  );
}

/** A new id; `randomUUID` exists in secure contexts only, and a shop may try the desk over plain http in its own network. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
