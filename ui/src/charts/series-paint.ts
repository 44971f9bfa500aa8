/** Draws values over time on a canvas: lines with their band, or bars on one another. */
import { concrete, fresh } from "./canvas";
import type { Stretch } from "./clock";
import { gapOf, type Line, type Series } from "./series";

export type Drawing = { series: Series; stretch: Stretch; top: number; width: number; height: number };

export function paintSeries(canvas: HTMLCanvasElement, drawing: Drawing) {
  const context = fresh(canvas, drawing.width, drawing.height);
  if (!context) return;
  const { series } = drawing;
  if (series.shape === "bars") return paintBars(context, canvas, drawing);
  const gap = gapOf(series);
  for (const line of series.lines) {
    const color = concrete(canvas, line.color);
    paintBand(context, drawing, line, color, gap);
    paintLine(context, drawing, line, color, gap);
  }
}

const xOf = ({ stretch: { from, to }, width }: Drawing, at: number) => ((at - from) / (to - from)) * width;

/** One pixel is kept free above and below, so that a line at an edge has its whole width. */
const yOf = ({ top, height }: Drawing, value: number) => height - 1 - (Math.min(value / top, 1) || 0) * (height - 2);

/** The middle of what a value stands for. */
const middle = ({ starts, ends }: Series, place: number) => (starts[place]! + ends[place]!) / 2;

/** Stretches of places without a gap and without a missing value. */
function* runs({ starts, ends }: Series, values: Float64Array, gap: number): Generator<[first: number, last: number]> {
  let first = -1;
  for (let place = 0; place <= values.length; place++) {
    const missing = place === values.length || Number.isNaN(values[place]!);
    const apart = first >= 0 && !missing && starts[place]! - ends[place - 1]! > gap;
    if (first >= 0 && (missing || apart)) yield [first, place - 1];
    if (missing) first = -1;
    else if (first < 0 || apart) first = place;
  }
}

function paintLine(context: CanvasRenderingContext2D, drawing: Drawing, { values }: Line, color: string, gap: number) {
  const { series } = drawing;
  context.strokeStyle = context.fillStyle = color;
  context.lineWidth = 1.5;
  context.lineJoin = "round";
  for (const [first, last] of runs(series, values, gap)) {
    if (first === last) context.fillRect(xOf(drawing, middle(series, first)) - 1.5, yOf(drawing, values[first]!) - 1.5, 3, 3);
    context.beginPath();
    for (let place = first; place <= last; place++) context.lineTo(xOf(drawing, middle(series, place)), yOf(drawing, values[place]!));
    context.stroke();
  }
}

/** From the lowest to the highest of each bucket. */
function paintBand(context: CanvasRenderingContext2D, drawing: Drawing, { values, low, high }: Line, color: string, gap: number) {
  if (!low || !high) return;
  const { series } = drawing;
  context.fillStyle = color;
  context.globalAlpha = 0.18;
  for (const [first, last] of runs(series, values, gap)) {
    context.beginPath();
    for (let place = first; place <= last; place++) context.lineTo(xOf(drawing, middle(series, place)), yOf(drawing, high[place]!));
    for (let place = last; place >= first; place--) context.lineTo(xOf(drawing, middle(series, place)), yOf(drawing, low[place]!));
    context.fill();
  }
  context.globalAlpha = 1;
}

/** From the tallest pile down, so that a lower part covers the rest of it; no bar is thinner than 1.5 px. */
function paintBars(context: CanvasRenderingContext2D, canvas: HTMLCanvasElement, drawing: Drawing) {
  const { series, height } = drawing;
  const piles = pilesOf(series.lines);
  for (const [index, line] of [...series.lines.entries()].toReversed()) {
    context.fillStyle = concrete(canvas, line.color);
    piles[index]!.forEach((pile, place) => {
      if (!(line.values[place]! > 0)) return;
      const left = xOf(drawing, series.starts[place]!);
      const wide = xOf(drawing, series.ends[place]!) - left;
      const high = Math.max(height - yOf(drawing, pile), 2);
      context.fillRect(left, height - high, Math.max(wide > 4 ? wide - 1 : wide, 1.5), high);
    });
  }
}

/** For each line how high its bars reach, with those below them. */
function pilesOf(lines: Line[]): Float64Array[] {
  const piles: Float64Array[] = [];
  for (const { values } of lines) piles.push(values.map((value, place) => (value || 0) + (piles.at(-1)?.[place] ?? 0)));
  return piles;
}
