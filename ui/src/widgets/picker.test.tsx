import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Picker } from "./picker";

afterEach(cleanup);

function open(value?: string) {
  const onPick = vi.fn<(value: string | undefined) => void>();
  render(<Picker label="Service" options={["gateway", "rag", "vllm"]} value={value} onPick={onPick} />);
  fireEvent.click(screen.getByRole("button", { name: /^Service/ }));
  return onPick;
}

const shown = () => screen.getAllByRole("option").map((option) => option.textContent);

test("typing narrows, Enter picks what is marked", () => {
  const onPick = open();
  expect(shown()).toEqual(["gateway", "rag", "vllm"]);
  const field = screen.getByRole("combobox");
  fireEvent.change(field, { target: { value: "A" } });
  expect(shown()).toEqual(["gateway", "rag"]);
  fireEvent.keyDown(field, { key: "ArrowDown" });
  fireEvent.keyDown(field, { key: "ArrowDown" });
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onPick).toHaveBeenCalledExactlyOnceWith("rag");
});

test("picking the picked one again takes it away, and so does the cross", () => {
  const onPick = open("rag");
  fireEvent.click(screen.getByRole("option", { selected: true }));
  fireEvent.click(screen.getByRole("button", { name: "Clear service" }));
  expect(onPick.mock.calls).toEqual([[undefined], [undefined]]);
});

test("nothing found is said", () => {
  open();
  fireEvent.change(screen.getByRole("combobox"), { target: { value: "zebra" } });
  expect(screen.getByText("Nothing matches")).toBeTruthy();
});
