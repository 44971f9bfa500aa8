/** What stands there is of another question, until the answer to this one comes. */
import type { ReactNode } from "react";
import { classes } from "./classes";

export const Stale = ({ busy, className = "", children }: { busy: boolean; className?: string; children: ReactNode }) => (
  <div aria-busy={busy} className={classes("transition-opacity", className, busy && "opacity-60")}>
    {children}
  </div>
);
