/** The one door to the server: typed by its OpenAPI document, and it throws on every refusal. */
import createClient from "openapi-fetch";
import { problemOf, unreachable } from "./problem";
import type { paths } from "./schema";

/** The path the app is served under, "/" unless a proxy has put it elsewhere. */
export const basePath = () => new URL(document.baseURI).pathname;

export const client = createClient<paths>({
  baseUrl: new URL(document.baseURI).href.replace(/\/$/, ""),
  fetch: (request) => fetch(request).catch((error: unknown) => Promise.reject(isAbort(error) ? error : unreachable())),
});

const isAbort = (error: unknown) => error instanceof DOMException && error.name === "AbortError";

let unauthorized = () => {};

/** Say what happens when the server does not know who is asking. */
export function onUnauthorized(act: () => void) {
  unauthorized = act;
}

/** Take the data of an answer, or throw its problem. */
export async function need<Data>(
  answer: Promise<{ data?: Data; error?: unknown; response: Response }>,
): Promise<Data> {
  const { data, error, response } = await answer;
  if (response.ok && data !== undefined) return data;
  if (response.status === 401) unauthorized();
  throw problemOf(response, error);
}
