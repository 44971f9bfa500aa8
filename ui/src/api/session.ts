/** Who is asking, by which the pages know whether to ask for anything. The cookie itself is out of reach of scripts. */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { managerQuery } from "./admin";
import { client, need, onUnauthorized } from "./client";
import { problemOf } from "./problem";
import type { Identity } from "./types";

const NOBODY: Identity = { tenant: null, has_session: false, may_erase: false };

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => need(client.GET("/api/v1/session", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Whether the server wants a key first, as far as it has said. */
export const isNobody = (who: Identity | undefined) => who?.tenant === null;

/** Return whether anything may be asked for, once that is known. */
export const isLetIn = async (queries: QueryClient) => !isNobody(await queries.ensureQueryData(sessionQuery).catch(() => undefined));

/** Have every refusal for want of a session, which may end at any time, lead to the log-in. */
export const noticeRefusals = (queries: QueryClient) => onUnauthorized(() => void queries.setQueryData(sessionQuery.queryKey, NOBODY));

/** Open a session with a key; throws the server's refusal. */
export const logIn = (key: string) => need(client.POST("/api/v1/session", { body: { key } }));

/** End the session, and no longer wait for what would be refused then; throws when the server could not. */
export async function logOut(queries: QueryClient) {
  await queries.cancelQueries();
  const { error, response } = await client.DELETE("/api/v1/session");
  if (!response.ok) throw problemOf(response, error);
  return NOBODY;
}

/** Know who is asking from now on, and nothing of what somebody else has read. */
export function become(queries: QueryClient, who: Identity) {
  queries.setQueryData(sessionQuery.queryKey, who);
  queries.removeQueries({ predicate: ({ queryKey: [first] }) => first !== "session" && first !== "admin" });
  void queries.resetQueries({ queryKey: managerQuery.queryKey });
}
