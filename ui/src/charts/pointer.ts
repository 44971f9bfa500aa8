/** One cursor for all charts of a page: pointing moves it, dragging chooses a stretch, a click names a moment. */
import { type PointerEvent, useLayoutEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Stretch } from "./clock";

/** A drag of fewer pixels is a click. */
const CLICK_PX = 5;
/** Addresses tell ms. */
const NARROWEST_MS = 2;

type Acts = { onZoom: (stretch: Stretch) => void; onClick?: (at: number) => void };
type Drag = { x: number; from: number; to: number };

export type Pointed = {
  /** The moment pointed at, Unix ms. */
  at: number | undefined;
  /** What is being chosen. */
  chosen: Stretch | undefined;
};

const NOTHING: Pointed = { at: undefined, chosen: undefined };

/** Where the pointer is. It is no state of the page, so that a move draws what follows the cursor and nothing else. */
export class Cursor {
  #pointed = NOTHING;
  readonly #listeners = new Set<() => void>();
  drag: Drag | undefined;
  acts: Acts = { onZoom: () => undefined };

  /** Say what a drag and a click do from now on. */
  readonly follow = (acts: Acts) => {
    this.acts = acts;
  };

  readonly get = () => this.#pointed;

  readonly set = (pointed: Partial<Pointed>) => {
    this.#pointed = { ...this.#pointed, ...pointed };
    for (const listen of this.#listeners) listen();
  };

  readonly subscribe = (listen: () => void) => {
    this.#listeners.add(listen);
    return () => this.#listeners.delete(listen);
  };
}

export type Pointing = Stretch & {
  cursor: Cursor;
  /** What stays marked on every chart. */
  mark?: Stretch;
  handlers: Record<"onPointerDown" | "onPointerMove" | "onPointerUp" | "onPointerLeave" | "onPointerCancel", (event: PointerEvent<HTMLElement>) => void>;
};

/** Follow the cursor: for the smallest component that shows it. */
export const usePointed = ({ cursor }: Pick<Pointing, "cursor">): Pointed => useSyncExternalStore(cursor.subscribe, cursor.get);

const inOrder = ({ from, to }: Stretch): Stretch => ({ from: Math.min(from, to), to: Math.max(from, to) });

/** It stays the same until the stretch is another one. */
export function usePointing({ from, to }: Stretch, onZoom: (stretch: Stretch) => void, onClick?: (at: number) => void): Pointing {
  const [cursor] = useState(() => new Cursor());
  useLayoutEffect(() => cursor.follow({ onZoom, onClick }));
  return useMemo(() => ({ from, to, cursor, handlers: handlersOf({ from, to }, cursor) }), [from, to, cursor]);
}

function handlersOf({ from, to }: Stretch, cursor: Cursor): Pointing["handlers"] {
  const momentOf = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    return from + Math.min(Math.max((event.clientX - left) / width, 0), 1) * (to - from);
  };
  const end = () => {
    cursor.drag = undefined;
    cursor.set({ chosen: undefined });
  };
  return {
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const at = momentOf(event);
      cursor.drag = { x: event.clientX, from: at, to: at };
      cursor.set({ at });
    },
    onPointerMove: (event) => {
      const at = momentOf(event);
      if (cursor.drag) cursor.drag = { ...cursor.drag, to: at };
      const { drag } = cursor;
      cursor.set({ at, chosen: drag && drag.from !== drag.to ? inOrder(drag) : undefined });
    },
    onPointerUp: (event) => {
      const { drag } = cursor;
      end();
      if (!drag) return;
      const chosen = inOrder(drag);
      if (Math.abs(event.clientX - drag.x) < CLICK_PX) cursor.acts.onClick?.(drag.from);
      else cursor.acts.onZoom({ from: Math.floor(chosen.from), to: Math.max(Math.ceil(chosen.to), Math.floor(chosen.from) + NARROWEST_MS) });
    },
    onPointerLeave: () => {
      if (!cursor.drag) cursor.set({ at: undefined });
    },
    onPointerCancel: end,
  };
}

/** Move a stretch by a part of its length, or zoom it around its middle (below 1 is closer); never past `latest`. */
export function moved({ from, to }: Stretch, { by = 0, factor = 1 }: { by?: number; factor?: number }, latest: number): Stretch {
  const length = Math.max((to - from) * factor, NARROWEST_MS);
  const middle = (from + to) / 2 + by * (to - from);
  const end = Math.min(middle + length / 2, Math.max(latest, to));
  return { from: Math.floor(end - length), to: Math.ceil(end) };
}
