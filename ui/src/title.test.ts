import { renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { useTitle } from "./title";

test("the tab says which page is open, and keeps its name until there is another", () => {
  const { rerender } = renderHook(useTitle, { initialProps: "Traces" as string | undefined });
  expect(document.title).toBe("Traces · Axonize");
  rerender(undefined);
  expect(document.title).toBe("Traces · Axonize");
  rerender("POST /v1/chat/completions 5.60 s");
  expect(document.title).toBe("POST /v1/chat/completions 5.60 s · Axonize");
});
