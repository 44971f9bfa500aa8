/** Draws a heatmap on a canvas: the fuller a bin the stronger its colour, and what failed is never hidden. */
import { concrete, fresh } from "./canvas";
import type { Grid } from "./heatmap";

export function paintHeatmap(canvas: HTMLCanvasElement, grid: Grid, width: number, height: number) {
  const context = fresh(canvas, width, height);
  if (!context) return;
  const [fine, bad] = [concrete(canvas, "var(--color-series-1)"), concrete(canvas, "var(--color-bad)")];
  const { bins, columns, low, high, most } = grid;
  const [wide, tall] = [width / columns, height / (high - low)];
  const gap = wide > 4 && tall > 3 ? 0.5 : 0;
  for (const [place, count] of bins.counts.entries()) {
    const [left, top] = [bins.columns[place]! * wide, (high - 1 - bins.rows[place]!) * tall];
    const failed = bins.errors[place]! / count;
    context.globalAlpha = strength(count, most);
    context.fillStyle = fine;
    context.fillRect(left, top, wide - gap, tall - gap);
    if (failed === 0) continue;
    context.globalAlpha = Math.max(strength(bins.errors[place]!, most), 0.75);
    context.fillStyle = bad;
    const part = Math.max(failed * tall, Math.min(2, tall));
    context.fillRect(left, top + tall - part, wide - gap, part - gap);
  }
}

/** Logarithmic: one request is seen beside a thousand. */
const strength = (count: number, most: number) => 0.3 + 0.7 * (most > 1 ? Math.log(count) / Math.log(most) : 1);
