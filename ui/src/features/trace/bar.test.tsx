import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import type { SpanNode } from "@/api/types";
import { Bar, firstTokenNs, isPrefill } from "./bar";
import { span } from "./sample";

afterEach(cleanup);

const MS = 1e6;

function draw(drawn: SpanNode, window = { start: 0, end: 1000 * MS }) {
  const { container } = render(<Bar span={drawn} window={window} width={800} color="teal" dimmed={false} />);
  const bar = container.querySelector<HTMLElement>("[style*=teal]");
  return { container, bar, left: bar?.style.left, width: bar?.style.width };
}

test("a bar lies where its span lies in the window", () => {
  expect(draw(span("a", 0, 250 * MS, 500 * MS))).toMatchObject({ left: "25%", width: "50%" });
  expect(draw(span("a", 0, 250 * MS, 500 * MS), { start: 500 * MS, end: 600 * MS })).toMatchObject({ left: "-6.25%", width: "112.5%" });
});

test("nanoseconds keep their width when zoomed in", () => {
  const window = { start: 5_000_000_000, end: 5_000_001_000 };
  expect(draw(span("kernel", 0, 5_000_000_250, 500), window)).toMatchObject({ left: "25%", width: "50%" });
});

test("what lies outside says on which side", () => {
  expect(draw(span("a", 0, 0, 10), { start: 100, end: 200 }).container.textContent).toBe("‹");
  expect(draw(span("a", 0, 300, 10), { start: 100, end: 200 }).container.textContent).toBe("›");
});

test("the time before the first token is striped and named", () => {
  const { bar } = draw(span("generate", 0, 0, 800 * MS, { ttft_ms: 200 }));
  expect(bar?.querySelector<HTMLElement>(".striped")?.style.width).toBe("25%");
  expect(screen.getByText("TTFT 200 ms")).toBeTruthy();
});

test("a first token after the end, or none, is no first token", () => {
  expect(firstTokenNs(span("a", 0, 0, 100 * MS, { ttft_ms: 250 }))).toBeUndefined();
  expect(firstTokenNs(span("a", 0, 0, 100 * MS))).toBeUndefined();
  expect(firstTokenNs(span("a", 0, 0, 100 * MS, { ttft_ms: 25 }))).toBe(25 * MS);
});

test.each([
  ["prefill", true],
  ["llm.prefill", true],
  ["Prefill", true],
  ["prefill cache lookup", false],
  ["decode", false],
])("%s is prefill: %s", (name, prefill) => expect(isPrefill(span(name, 0, 0, 1))).toBe(prefill));

test("an error has a frame of its own", () => {
  expect(draw(span("a", 0, 0, 10 * MS, { status: "error" })).container.querySelector(".border-bad")).toBeTruthy();
  expect(draw(span("a", 0, 0, 10 * MS)).container.querySelector(".border-bad")).toBeNull();
});
