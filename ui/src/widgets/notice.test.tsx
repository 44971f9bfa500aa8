import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Notice, notify } from "./notice";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  notify(undefined);
});

test("what was said before the page came is shown, until it is dismissed", () => {
  notify("Deleted: chat, 3 spans");
  render(<Notice />);
  expect(screen.getByRole("status").textContent).toBe("Deleted: chat, 3 spans");
  fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  expect(screen.getByRole("status").textContent).toBe("");
});

test("it goes by itself, each word in its own time", () => {
  vi.useFakeTimers();
  render(<Notice />);
  act(() => notify("one"));
  act(() => vi.advanceTimersByTime(6_000));
  act(() => notify("two"));
  act(() => vi.advanceTimersByTime(6_000));
  expect(screen.getByRole("status").textContent).toBe("two");
  act(() => vi.advanceTimersByTime(3_000));
  expect(screen.getByRole("status").textContent).toBe("");
});

test("its place is there before its words, so that they are heard", () => {
  const changes = new MutationObserver(() => {});
  changes.observe(document.body, { childList: true, subtree: true });
  notify("said before");
  render(<Notice />);
  const place = screen.getByRole("status");
  expect(changes.takeRecords().some(({ target }) => target === place)).toBe(true);
  act(() => notify("said later"));
  expect(screen.getByRole("status")).toBe(place);
  expect(place.textContent).toBe("said later");
});
