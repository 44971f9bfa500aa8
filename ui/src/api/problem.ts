/** The server's problem documents (RFC 9457) as one error type. */

export class ProblemError extends Error {
  constructor(
    /** HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    readonly title: string,
    readonly detail: string,
  ) {
    super(detail || title);
    this.name = "ProblemError";
  }
}

export const unreachable = () =>
  new ProblemError(0, "The server cannot be reached", "Check that axonize serve is running and that the network lets you through.");

/** Read a refused response's body: a problem document, or whatever a proxy in between has sent. */
export function problemOf(response: Response, body: unknown): ProblemError {
  const fields = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof fields[key] === "string" ? fields[key] : "");
  const title = text("title") || response.statusText || `HTTP ${response.status}`;
  return new ProblemError(response.status, title, text("detail"));
}
