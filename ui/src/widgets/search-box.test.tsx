import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SearchBox } from "./search-box";

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function type(text: string) {
  const onSearch = vi.fn<(text: string) => void>();
  const onEnter = vi.fn<(backwards: boolean) => void>();
  render(<SearchBox label="Search" placeholder="" value="" onSearch={onSearch} onEnter={onEnter} delayMs={100} />);
  const field = screen.getByRole("searchbox");
  for (let end = 1; end <= text.length; end += 1) fireEvent.change(field, { target: { value: text.slice(0, end) } });
  return { field, onSearch, onEnter };
}

test("a search starts once the typing pauses, and once", () => {
  const { onSearch } = type("step");
  act(() => vi.advanceTimersByTime(99));
  expect(onSearch).not.toHaveBeenCalled();
  act(() => vi.advanceTimersByTime(1));
  expect(onSearch.mock.calls).toEqual([["step"]]);
});

test("Enter searches at once and tells the direction", () => {
  const { field, onSearch, onEnter } = type("step");
  fireEvent.keyDown(field, { key: "Enter", shiftKey: true });
  expect(onSearch.mock.calls).toEqual([["step"]]);
  expect(onEnter.mock.calls).toEqual([[true]]);
});

test("Escape clears before it leaves", () => {
  const { field, onSearch } = type("step");
  act(() => vi.advanceTimersByTime(100));
  fireEvent.keyDown(field, { key: "Escape" });
  expect((field as HTMLInputElement).value).toBe("");
  expect(onSearch.mock.calls).toEqual([["step"], [""]]);
});
