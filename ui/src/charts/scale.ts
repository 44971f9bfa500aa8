/** Arithmetic of a time axis that can be zoomed: windows in ns, fractions of the width, ticks. */
import { formatTick } from "@/format/duration";

/** A piece of the axis, in nanoseconds from the start of the trace. */
export type Window = { start: number; end: number };

/** No closer than this: ten nanoseconds across the screen. */
const NARROWEST = 10;

export const lengthOf = (window: Window) => window.end - window.start;

export const isWhole = (window: Window, total: number) => window.start <= 0 && window.end >= total;

/** Move a window into [0, total] without changing its length, unless it is longer than the whole. */
export function clamp({ start, end }: Window, total: number): Window {
  const length = Math.min(Math.max(end - start, NARROWEST), Math.max(total, NARROWEST));
  const from = Math.min(Math.max(start, 0), Math.max(total - length, 0));
  return { start: from, end: from + length };
}

/** Zoom by a factor (below 1 is closer) and keep the moment at `fraction` of the width in its place. */
export function zoomAt(window: Window, fraction: number, factor: number, total: number): Window {
  const length = Math.min(Math.max(lengthOf(window) * factor, NARROWEST), Math.max(total, NARROWEST));
  const fixed = window.start + fraction * lengthOf(window);
  return clamp({ start: fixed - fraction * length, end: fixed + (1 - fraction) * length }, total);
}

/** Move by a fraction of the window's own length. */
export function pan(window: Window, fraction: number, total: number): Window {
  const shift = fraction * lengthOf(window);
  return clamp({ start: window.start + shift, end: window.end + shift }, total);
}

/** The window that shows a stretch with some room on both sides. */
export function around(start: number, length: number, total: number): Window {
  const room = Math.max(length * 0.08, NARROWEST / 2);
  return clamp({ start: start - room, end: start + length + room }, total);
}

export const toFraction = (window: Window, ns: number) => (ns - window.start) / lengthOf(window);

export type Tick = { fraction: number; label: string };

/** Ticks at round times, at least `spacing` pixels apart. */
export function ticks(window: Window, width: number, spacing = 110): Tick[] {
  if (width <= 0) return [];
  const step = roundUp((lengthOf(window) * spacing) / width);
  const first = Math.ceil(window.start / step - 1e-9);
  const count = Math.floor(window.end / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(count, 0) }, (_, index) => {
    const ns = (first + index) * step;
    return { fraction: toFraction(window, ns), label: formatTick(ns, step, window.end) };
  });
}

/** The next of 1, 2, 5, 10, 20, 50… */
function roundUp(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5, 10].find((digit) => digit * power >= step * (1 - 1e-9))! * power;
}
