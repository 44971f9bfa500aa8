import { afterEach, expect, test, vi } from "vitest";
import { client, need, onUnauthorized } from "./client";
import { parseExact } from "./exact";
import { ProblemError } from "./problem";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Answer every request alike, and keep the requests. */
function answer(status: number, body: string, type = "application/json"): Request[] {
  const requests: Request[] = [];
  vi.stubGlobal("fetch", (request: Request) => {
    requests.push(request);
    return Promise.resolve(new Response(body, { status, headers: { "Content-Type": type } }));
  });
  return requests;
}

const list = () => need(client.GET("/api/v1/traces", { params: { query: { q: "a b", limit: 5 } } }));

test("an answer is its data", async () => {
  const requests = answer(200, '{"items": [], "next_cursor": null}');
  expect(await list()).toEqual({ items: [], next_cursor: null });
  expect(new URL(requests[0]!.url).search).toBe("?q=a%20b&limit=5");
});

test("a refusal throws the server's own words", async () => {
  answer(503, '{"title": "Service Unavailable", "status": 503, "detail": "ClickHouse is down."}', "application/problem+json");
  await expect(list()).rejects.toMatchObject({ status: 503, title: "Service Unavailable", message: "ClickHouse is down." });
});

test("a refusal for want of a session is told once", async () => {
  const told = vi.fn<() => void>();
  onUnauthorized(told);
  answer(401, '{"title": "Unauthorized", "status": 401, "detail": "log in"}', "application/problem+json");
  await expect(list()).rejects.toMatchObject({ status: 401 });
  expect(told).toHaveBeenCalledOnce();
});

test("a proxy's page is a problem too", async () => {
  answer(502, "<html>Bad gateway</html>", "text/html");
  const problem = await list().catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(ProblemError);
  expect(problem).toMatchObject({ status: 502, title: "HTTP 502" });
});

test("no server at all is a problem with status 0", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(list()).rejects.toMatchObject({ status: 0, title: "The server cannot be reached" });
});

test("what a number can hold stays a number", () => {
  expect(parseExact('{"small": 7, "double": 0.5, "large": 9007199254740991, "text": "9007199254740993"}')).toEqual({
    small: 7,
    double: 0.5,
    large: 9_007_199_254_740_991,
    text: "9007199254740993",
  });
});
