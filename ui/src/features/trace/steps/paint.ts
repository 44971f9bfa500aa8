/** Draws the cells of a strip: height is the batch, colour what is in it. */
import { concrete, fresh } from "@/charts/canvas";
import type { Cell } from "./cells";

export const COLORS = {
  batch: "var(--color-batch)",
  otherPrefill: "var(--color-prefill)",
  preempted: "var(--color-bad)",
};

/** Pixels kept free above the cells for the marks of preemptions. */
const MARKS = 8;
/** Pixels of a batch of one, so that what is in it can still be told. */
const LOWEST = 12;
/** From this width on there is room for a line between two cells. */
const GAP_FROM = 4;

export type Drawing = {
  cells: Cell[];
  /** From where to where the request stood by, preempted, in pixels. */
  waits: [from: number, to: number][];
  /** The largest batch of the strip: as high as the lane. */
  most: number;
  color: string;
  width: number;
  height: number;
};

export function paint(canvas: HTMLCanvasElement, { cells, waits, most, color, width, height }: Drawing) {
  const context = fresh(canvas, width, height);
  if (!context) return;
  const paints = {
    batch: concrete(canvas, COLORS.batch),
    ownPrefill: stripes(context, concrete(canvas, color), concrete(canvas, "var(--color-surface)")),
    otherPrefill: concrete(canvas, COLORS.otherPrefill),
  };
  for (const cell of cells) paintCell(context, cell, batchHeight(cell.batch, most, height), height, paints);
  context.fillStyle = concrete(canvas, COLORS.preempted);
  for (const [from, to] of waits) context.fillRect(from, height - 2, to - from, 2);
  for (const cell of cells) if (cell.preempted) paintMark(context, cell, height);
}

/** Pixels of a batch: nothing for nobody, one is the lowest, the largest as high as there is room. */
export function batchHeight(batch: number, most: number, height: number): number {
  if (batch === 0) return 0;
  return LOWEST + ((height - MARKS - LOWEST) * (batch - 1)) / Math.max(most - 1, 1);
}

type Paints = Record<"batch" | "ownPrefill" | "otherPrefill", string | CanvasPattern>;

/** From the bottom up: decoding, own prefill, the prefill of others; none of them thinner than 2 px. */
function paintCell(context: CanvasRenderingContext2D, cell: Cell, high: number, bottom: number, paints: Paints) {
  const width = cell.width >= GAP_FROM ? cell.width - 1 : cell.width;
  const parts = [
    { share: cell.otherPrefill, fill: paints.otherPrefill },
    { share: cell.ownPrefill, fill: paints.ownPrefill },
  ];
  context.fillStyle = paints.batch;
  context.fillRect(cell.left, bottom - high, width, high);
  let top = bottom - high;
  for (const { share, fill } of parts.filter((part) => part.share > 0)) {
    const part = Math.max(high * share, 2);
    context.fillStyle = fill;
    context.fillRect(cell.left, top, width, Math.min(part, bottom - top));
    top += part;
  }
}

/** A line through the lane under an arrowhead: seen at any zoom. */
function paintMark(context: CanvasRenderingContext2D, { left }: Cell, height: number) {
  context.fillRect(left, 2, 2, height - 2);
  context.beginPath();
  context.moveTo(left - 3.5, 0);
  context.lineTo(left + 5.5, 0);
  context.lineTo(left + 1, 7);
  context.fill();
}

/** The stripes of styles.css for a canvas. */
function stripes(context: CanvasRenderingContext2D, color: string, between: string): CanvasPattern | string {
  const tile = new OffscreenCanvas(6, 6);
  const brush = tile.getContext("2d")!;
  brush.fillStyle = color;
  brush.fillRect(0, 0, 6, 6);
  brush.strokeStyle = between;
  brush.globalAlpha = 0.55;
  brush.lineWidth = 2;
  for (const shift of [-6, 0, 6]) {
    brush.moveTo(shift - 1, 7);
    brush.lineTo(shift + 7, -1);
  }
  brush.stroke();
  return context.createPattern(tile, "repeat") ?? color;
}
