/** Wheel and drag on the time axis: ctrl+wheel zooms, sideways wheel and dragging pan. */
import { type PointerEvent, type RefObject, useEffect, useRef } from "react";
import { isWhole, pan, type Window, zoomAt } from "@/charts/scale";

type Axis = {
  /** The element whose width is the window's. */
  lane: RefObject<HTMLElement | null>;
  window: Window;
  total: number;
  onWindow: (window: Window) => void;
};

const WHEEL_FACTOR = 0.0022;

/** Native, because React's wheel listener is passive and could not keep the page from zooming. */
export function useWheel(element: RefObject<HTMLElement | null>, axis: Axis) {
  const latest = useRef(axis);
  useEffect(() => {
    latest.current = axis;
  });
  useEffect(() => {
    const target = element.current;
    const onWheel = (event: WheelEvent) => {
      const { lane, window, total, onWindow } = latest.current;
      const box = lane.current?.getBoundingClientRect();
      if (!box || box.width === 0) return;
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        const fraction = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
        onWindow(zoomAt(window, fraction, Math.exp(event.deltaY * WHEEL_FACTOR), total));
      } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) onWindow(pan(window, sideways / box.width, total));
      else return;
      event.preventDefault();
    };
    target?.addEventListener("wheel", onWheel, { passive: false });
    return () => target?.removeEventListener("wheel", onWheel);
  }, [element]);
}

const CLICK_PX = 4;

/** Pointer handlers that pan a zoomed axis; a drag that moved is no click. */
export function usePan({ lane, window, total, onWindow }: Axis) {
  const drag = useRef<{ x: number; window: Window; moved: boolean }>(undefined);
  return {
    onPointerDown: (event: PointerEvent) => {
      const box = lane.current?.getBoundingClientRect();
      if (event.button !== 0 || !box || event.clientX < box.left || isWhole(window, total)) return;
      drag.current = { x: event.clientX, window, moved: false };
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      const now = drag.current;
      if (!now || !lane.current) return;
      const by = now.x - event.clientX;
      if (!now.moved && Math.abs(by) > CLICK_PX) {
        now.moved = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }
      if (now.moved) onWindow(pan(now.window, by / lane.current.clientWidth, total));
    },
    onPointerUp: () => {
      drag.current = undefined;
    },
  };
}
