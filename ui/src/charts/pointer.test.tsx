import { cleanup, fireEvent, render } from "@testing-library/react";
import { useEffect } from "react";
import { afterEach, expect, test, vi } from "vitest";
import type { Stretch } from "./clock";
import { moved, type Pointing, usePointed, usePointing } from "./pointer";

afterEach(cleanup);

const HOUR = { from: 0, to: 1_000 };
const drawn = { page: 0, cursor: 0 };

function Chart({ onZoom, onClick }: { onZoom: (stretch: Stretch) => void; onClick: (at: number) => void }) {
  const pointing = usePointing(HOUR, onZoom, onClick);
  useEffect(() => {
    drawn.page += 1;
  });
  return (
    <div data-testid="plot" {...pointing.handlers}>
      <Here pointing={pointing} />
    </div>
  );
}

function Here({ pointing }: { pointing: Pointing }) {
  const { at, chosen } = usePointed(pointing);
  useEffect(() => {
    drawn.cursor += 1;
  });
  return `${at ?? ""} ${chosen ? `${chosen.from}-${chosen.to}` : ""}`;
}

function open() {
  const [onZoom, onClick] = [vi.fn<(stretch: Stretch) => void>(), vi.fn<(at: number) => void>()];
  const plot = render(<Chart onZoom={onZoom} onClick={onClick} />).getByTestId("plot");
  plot.getBoundingClientRect = () => ({ left: 100, width: 500 }) as DOMRect;
  plot.setPointerCapture = () => undefined;
  return { plot, onZoom, onClick };
}

test("a drag in either direction chooses a stretch", () => {
  const { plot, onZoom, onClick } = open();
  fireEvent.pointerDown(plot, { button: 0, clientX: 400 });
  fireEvent.pointerMove(plot, { clientX: 200 });
  expect(plot.textContent).toBe("200 200-600");
  fireEvent.pointerUp(plot, { clientX: 200 });
  expect(onZoom.mock.calls).toEqual([[{ from: 200, to: 600 }]]);
  expect(onClick).not.toHaveBeenCalled();
  expect(plot.textContent).toBe("200 ");
});

test("a click names the moment, and leaving takes the cursor away", () => {
  const { plot, onZoom, onClick } = open();
  fireEvent.pointerDown(plot, { button: 0, clientX: 350 });
  fireEvent.pointerUp(plot, { clientX: 352 });
  expect(onClick.mock.calls).toEqual([[500]]);
  expect(onZoom).not.toHaveBeenCalled();
  fireEvent.pointerLeave(plot);
  expect(plot.textContent).toBe(" ");
});

test("a move draws what follows the cursor, and not the page", () => {
  const { plot } = open();
  const before = { ...drawn };
  for (let x = 100; x < 150; x++) fireEvent.pointerMove(plot, { clientX: x });
  expect(drawn.page).toBe(before.page);
  expect(drawn.cursor - before.cursor).toBe(50);
});

test("a stretch moves and grows, though not into the future", () => {
  expect(moved({ from: 400, to: 600 }, { by: -0.25 }, 1_000)).toEqual({ from: 350, to: 550 });
  expect(moved({ from: 400, to: 600 }, { factor: 2 }, 1_000)).toEqual({ from: 300, to: 700 });
  expect(moved({ from: 900, to: 1_000 }, { factor: 2 }, 1_000)).toEqual({ from: 800, to: 1_000 });
  expect(moved({ from: 0, to: 2 }, { factor: 0.5 }, 1_000)).toEqual({ from: 0, to: 2 });
});
