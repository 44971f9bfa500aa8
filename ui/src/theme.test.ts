import { beforeEach, expect, test } from "vitest";
import { applyTheme, nextTheme, setTheme, storedTheme } from "./theme";

beforeEach(() => localStorage.clear());

test("the theme is the system's until someone chooses", () => {
  applyTheme();
  expect([storedTheme(), document.documentElement.dataset.theme]).toEqual(["system", undefined]);
  setTheme("dark");
  expect([storedTheme(), document.documentElement.dataset.theme]).toEqual(["dark", "dark"]);
  setTheme("system");
  expect(document.documentElement.dataset.theme).toBeUndefined();
});

test("nonsense in the store is the system's theme", () => {
  localStorage.setItem("axonize.theme", "purple");
  expect(storedTheme()).toBe("system");
});

test("three presses come around", () => {
  expect(nextTheme(nextTheme(nextTheme("light")))).toBe("light");
});
