/** Grey where content is about to be. */
import { classes } from "./classes";

export const Skeleton = ({ className }: { className?: string }) => (
  <span aria-hidden className={classes("block h-3 animate-pulse rounded bg-raised", className)} />
);
