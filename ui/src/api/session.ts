/** Logging in and out, and whether the server asks for it. The cookie itself is out of reach of scripts. */
import { queryOptions } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { client, need, onUnauthorized } from "./client";
import { problemOf } from "./problem";

const listeners = new Set<() => void>();
let asked = false;

function setAsked(value: boolean) {
  asked = value;
  for (const listener of listeners) listener();
}

onUnauthorized(() => setAsked(true));

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Whether the server has refused a request for want of a session. */
export const useLogInAsked = () => useSyncExternalStore(subscribe, () => asked);

/** Open a session with a key; throws the server's refusal. */
export async function logIn(key: string) {
  await need(client.POST("/api/v1/session", { body: { key } }));
  setAsked(false);
}

/** End the session; throws when the server could not. */
export async function logOut() {
  const { error, response } = await client.DELETE("/api/v1/session");
  if (!response.ok) throw problemOf(response, error);
  setAsked(true);
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => need(client.GET("/api/v1/session", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});
