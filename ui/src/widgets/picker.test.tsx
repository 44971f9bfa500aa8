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

test("a value may be shown as something else, and is found by that", () => {
  const onPick = vi.fn<(value: string | undefined) => void>();
  render(<Picker label="Engine" options={["17-0", "18-0"]} value="17-0" onPick={onPick} required write={(id) => `qwen on ${id}`} />);
  fireEvent.click(screen.getByRole("button", { name: "Engine: qwen on 17-0" }));
  fireEvent.change(screen.getByRole("combobox"), { target: { value: "qwen on 18" } });
  fireEvent.click(screen.getByRole("option", { name: "qwen on 18-0" }));
  expect(onPick).toHaveBeenCalledExactlyOnceWith("18-0");
});
