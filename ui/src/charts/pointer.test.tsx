import { cleanup, fireEvent, render } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import type { Stretch } from "./clock";
import { moved, usePointing } from "./pointer";

afterEach(cleanup);

const HOUR = { from: 0, to: 1_000 };

function Chart({ onZoom, onClick }: { onZoom: (stretch: Stretch) => void; onClick: (at: number) => void }) {
  const pointing = usePointing(HOUR, onZoom, onClick);
  return (
    <div data-testid="plot" {...pointing.handlers}>
      {pointing.at} {pointing.chosen && `${pointing.chosen.from}-${pointing.chosen.to}`}
    </div>
  );
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

test("a stretch moves and grows, though not into the future", () => {
  expect(moved({ from: 400, to: 600 }, { by: -0.25 }, 1_000)).toEqual({ from: 350, to: 550 });
  expect(moved({ from: 400, to: 600 }, { factor: 2 }, 1_000)).toEqual({ from: 300, to: 700 });
  expect(moved({ from: 900, to: 1_000 }, { factor: 2 }, 1_000)).toEqual({ from: 800, to: 1_000 });
  expect(moved({ from: 0, to: 2 }, { factor: 0.5 }, 1_000)).toEqual({ from: 0, to: 2 });
});
