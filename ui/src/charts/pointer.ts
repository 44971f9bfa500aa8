/** One cursor for all charts of a page: pointing moves it, dragging chooses a stretch, a click names a moment. */
import { type PointerEvent, useState } from "react";
import type { Stretch } from "./clock";

/** A drag of fewer pixels is a click. */
const CLICK_PX = 5;
/** Addresses tell ms. */
const NARROWEST_MS = 2;

type Drag = { x: number; from: number; to: number };

export type Pointing = Stretch & {
  /** The moment pointed at, Unix ms. */
  at: number | undefined;
  setAt: (at: number | undefined) => void;
  /** What is being chosen. */
  chosen: Stretch | undefined;
  /** What stays marked on every chart. */
  mark?: Stretch;
  handlers: Record<"onPointerDown" | "onPointerMove" | "onPointerUp" | "onPointerLeave" | "onPointerCancel", (event: PointerEvent<HTMLElement>) => void>;
};

const inOrder = ({ from, to }: Stretch): Stretch => ({ from: Math.min(from, to), to: Math.max(from, to) });

export function usePointing({ from, to }: Stretch, onZoom: (stretch: Stretch) => void, onClick?: (at: number) => void): Pointing {
  const [at, setAt] = useState<number>();
  const [drag, setDrag] = useState<Drag>();
  const momentOf = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return from + Math.min(Math.max((event.clientX - left) / width, 0), 1) * (to - from);
  };
  const finish = (event: PointerEvent<HTMLElement>) => {
    setDrag(undefined);
    if (!drag) return;
    const chosen = inOrder(drag);
    if (Math.abs(event.clientX - drag.x) < CLICK_PX) onClick?.(drag.from);
    else onZoom({ from: Math.floor(chosen.from), to: Math.max(Math.ceil(chosen.to), Math.floor(chosen.from) + NARROWEST_MS) });
  };
  const handlers: Pointing["handlers"] = {
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const moment = momentOf(event);
      setAt(moment);
      setDrag({ x: event.clientX, from: moment, to: moment });
    },
    onPointerMove: (event) => {
      const moment = momentOf(event);
      setAt(moment);
      if (drag) setDrag({ ...drag, to: moment });
    },
    onPointerUp: finish,
    onPointerLeave: () => !drag && setAt(undefined),
    onPointerCancel: () => setDrag(undefined),
  };
  const chosen = drag && drag.from !== drag.to ? inOrder(drag) : undefined;
  return { from, to, at, setAt, chosen, handlers };
}

/** Move a stretch by a part of its length, or zoom it around its middle (below 1 is closer); never past `latest`. */
export function moved({ from, to }: Stretch, { by = 0, factor = 1 }: { by?: number; factor?: number }, latest: number): Stretch {
  const length = Math.max((to - from) * factor, NARROWEST_MS);
  const middle = (from + to) / 2 + by * (to - from);
  const end = Math.min(middle + length / 2, Math.max(latest, to));
  return { from: Math.floor(end - length), to: Math.ceil(end) };
}
