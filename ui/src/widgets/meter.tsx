/** A share as a bar. */
import { classes } from "./classes";

export const Meter = ({ share, className = "bg-series-1" }: { share: number; className?: string }) => (
  <span aria-hidden className="block h-1.5 overflow-hidden rounded-full bg-raised">
    <span className={classes("block h-full rounded-full transition-[width] duration-500", className)} style={{ width: `${Math.min(Math.max(share, 0), 1) * 100}%` }} />
  </span>
);
