/** Counts in bins of time and duration, as a heatmap takes them, and the arithmetic of choosing some of them. */
import { formatMs } from "@/format/duration";
import type { Stretch } from "./clock";

/** As the server tells them: parallel lists, an entry for each bin that holds anything. */
export type Bins = {
  start: string;
  width_ms: number;
  rows_per_doubling: number;
  columns: number[];
  rows: number[];
  counts: number[];
  errors: number[];
};

export type Cell = { column: number; row: number };

/** Requests that start in [from, to), Unix ms, and last [min, max) ms. */
export type Box = Stretch & { min: number; max: number };

export type Grid = {
  from: number;
  /** Of a column, ms. */
  width: number;
  columns: number;
  /** Rows from low to high, the last not among them. */
  low: number;
  high: number;
  perDoubling: number;
  bins: Bins;
  /** The fullest bin. */
  most: number;
};

const FEWEST_ROWS = 12;

/** Until the server has answered: nothing, in so many columns. */
export const noBins = ({ from, to }: Stretch, columns: number): Bins => ({ start: "", width_ms: (to - from) / columns, rows_per_doubling: 4, columns: [], rows: [], counts: [], errors: [] });

/** Lay out bins over a stretch, with a row free above and below; `box` stays in sight. */
export function toGrid(bins: Bins, { from, to }: Stretch, box?: Box): Grid {
  const { rows_per_doubling: perDoubling, width_ms: width } = bins;
  const rows = [...bins.rows, ...(box ? [rowOf(box.min, perDoubling), rowOf(box.max, perDoubling) - 1] : [])].filter((row) => row >= 0 && Number.isFinite(row));
  const [least, most] = rows.length > 0 ? [Math.min(...rows), Math.max(...rows)] : [80, 120];
  const short = Math.max(FEWEST_ROWS - (most - least + 1), 2);
  const low = Math.max(least - Math.floor(short / 2), 0);
  return { from, width, columns: Math.max(Math.ceil((to - from) / width), 1), low, high: most + 1 + Math.ceil(short / 2), perDoubling, bins, most: Math.max(1, ...bins.counts) };
}

/** The row of a duration in ms that begins one, give or take a rounding. */
const rowOf = (ms: number, perDoubling: number) => Math.floor(Math.log2(Math.max(ms * 1e6, 1)) * perDoubling + 1e-6);

/** Where a row begins, in ms and whole ns: no request lies between this and the bound that was meant. */
export const edgeMs = (row: number, perDoubling: number) => Math.ceil(2 ** (row / perDoubling) - 1e-9) / 1e6;

const bounded = (value: number, most: number) => Math.min(Math.max(value, 0), most);

/** The bin at fractions of the width (from the left) and of the height (from the top). */
export function cellAt({ columns, low, high }: Grid, x: number, y: number): Cell {
  return { column: bounded(Math.floor(x * columns), columns - 1), row: high - 1 - bounded(Math.floor(y * (high - low)), high - low - 1) };
}

/** The box from one bin to another, both in it. */
export function boxOf({ from, width, perDoubling }: Grid, one: Cell, other: Cell): Box {
  const [left, right] = [Math.min(one.column, other.column), Math.max(one.column, other.column)];
  const [low, high] = [Math.min(one.row, other.row), Math.max(one.row, other.row)];
  return { from: from + left * width, to: from + (right + 1) * width, min: edgeMs(low, perDoubling), max: edgeMs(high + 1, perDoubling) };
}

/** Where a box lies, as fractions from the left, right, top and bottom. */
export function placeOf({ from, width, columns, low, high, perDoubling }: Grid, box: Box) {
  const [x, y] = [(at: number) => (at - from) / (width * columns), (ms: number) => (Math.log2(Math.max(ms * 1e6, 1)) * perDoubling - low) / (high - low)];
  return { left: bounded(x(box.from), 1), right: bounded(1 - x(box.to), 1), top: bounded(1 - y(box.max), 1), bottom: bounded(y(box.min), 1) };
}

/** How many requests are in a bin or a box, and how many of them failed. */
export function countIn({ bins, from, width, perDoubling }: Grid, box: Box): { count: number; errors: number } {
  let [count, errors] = [0, 0];
  for (const [place, column] of bins.columns.entries()) {
    const [at, ms] = [from + column * width, edgeMs(bins.rows[place]!, perDoubling)];
    if (at < box.from || at >= box.to || ms < box.min || ms >= box.max) continue;
    count += bins.counts[place]!;
    errors += bins.errors[place]!;
  }
  return { count, errors };
}

export type Level = { share: number; label: string };

/** Durations to write at the side: powers of ten, where there are few of them also twos and fives. */
export function levels({ low, high, perDoubling }: Grid): Level[] {
  const place = (ms: number) => (Math.log2(ms * 1e6) * perDoubling - low) / (high - low);
  const powers = Array.from({ length: 13 }, (_, power) => 10 ** (power - 5));
  const within = (digits: number[]) => powers.flatMap((power) => digits.map((digit) => digit * power)).filter((ms) => place(ms) > 0.02 && place(ms) < 0.98);
  const tens = within([1]);
  const shown = tens.length >= 3 ? tens : within([1, 2, 5]);
  const spread = shown.filter((_, index) => index % Math.ceil(shown.length / 6) === 0);
  return spread.map((ms) => ({ share: place(ms), label: formatMs(ms).replace(/\.0+(?= )/, "") }));
}

/** How many columns fit a width, so that none is too thin to point at. */
export const columnsFor = (width: number) => Math.min(Math.max(Math.floor(width / 6), 40), 240);

/** Requests in each column: those that did not fail, and those that did. */
export function perColumn({ bins, columns }: Grid): { ok: Float64Array; failed: Float64Array } {
  const [ok, failed] = [new Float64Array(columns), new Float64Array(columns)];
  for (const [place, column] of bins.columns.entries()) {
    if (column >= columns) continue;
    ok[column]! += bins.counts[place]! - bins.errors[place]!;
    failed[column]! += bins.errors[place]!;
  }
  return { ok, failed };
}
