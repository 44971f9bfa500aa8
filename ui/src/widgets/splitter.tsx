/** A line between two panes that can be dragged, or moved with the arrow keys. */
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { classes } from "./classes";

type SplitterProps = {
  label: string;
  /** Pixels of the pane it sizes. */
  value: number;
  min: number;
  max: number;
  onResize: (value: number) => void;
  /** The sized pane lies to the right, so moving left makes it larger. */
  flipped?: boolean;
  className?: string;
};

const STEP = 24;

export function Splitter({ label, value, min, max, onResize, flipped = false, className }: SplitterProps) {
  const [from, setFrom] = useState<{ x: number; value: number }>();
  const sign = flipped ? -1 : 1;
  const resize = (next: number) => onResize(Math.round(Math.min(Math.max(next, min), max)));
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    setFrom({ x: event.clientX, value });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    resize(value + direction * sign * STEP);
  };
  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={Math.round(value)}
      aria-valuemin={min}
      aria-valuemax={Math.round(max)}
      tabIndex={0}
      onPointerDown={onPointerDown}
      onPointerMove={(event) => from && resize(from.value + (event.clientX - from.x) * sign)}
      onPointerUp={() => setFrom(undefined)}
      onKeyDown={onKeyDown}
      className={classes(
        "w-[7px] cursor-col-resize touch-none before:mx-auto before:block before:h-full before:w-px before:bg-line hover:before:w-0.5 hover:before:bg-accent",
        from && "before:w-0.5 before:bg-accent",
        className,
      )}
    />
  );
}
