import { renderHook, act } from "@testing-library/react";
import type { PointerEvent } from "react";
import { expect, test } from "vitest";
import type { TraceSummary } from "@/api/types";
import { newestStart, newsOf, useReading } from "./live";

const trace = (trace_id: string, second: number) => ({ trace_id, start_time: `2026-11-23T07:39:0${second}.123456789Z` }) as TraceSummary;
const LISTED = [trace("b", 2), trace("c", 5), trace("a", 1)];

test("what the list holds already is no news", () => {
  expect(newsOf(LISTED, { items: [trace("e", 7), trace("d", 6), trace("c", 5)], next_cursor: null })).toEqual({ count: 2, more: false });
  expect(newsOf(LISTED, { items: [trace("e", 7)], next_cursor: "x" })).toEqual({ count: 1, more: true });
  expect(newsOf(LISTED, { items: [trace("c", 5)], next_cursor: "x" })).toEqual({ count: 0, more: false });
  expect(newsOf(LISTED, undefined)).toEqual({ count: 0, more: false });
});

test("the newest of a list is found in any order", () => {
  expect(newestStart(LISTED)).toBe(LISTED[1]!.start_time);
  expect(newestStart([])).toBe("");
});

const pointer = (pointerType: string) => ({ pointerType }) as PointerEvent;
const scrolled = (scrollTop: number) => ({ currentTarget: { scrollTop } as HTMLElement });

test("who points at the list, has scrolled, or walks it by keys reads", () => {
  const { result, rerender } = renderHook(({ active }) => useReading(active), { initialProps: { active: -1 } });
  expect(result.current.reading).toBe(false);
  act(() => void result.current.pointing.onPointerMove(pointer("mouse")));
  expect(result.current).toMatchObject({ reading: true, atTop: true });
  act(() => result.current.pointing.onPointerLeave());
  act(() => void result.current.pointing.onPointerMove(pointer("touch")));
  expect(result.current.reading).toBe(false);
  act(() => result.current.onScroll(scrolled(200)));
  expect(result.current).toMatchObject({ reading: true, atTop: false });
  act(() => result.current.onScroll(scrolled(0)));
  rerender({ active: 3 });
  expect(result.current.reading).toBe(true);
});
