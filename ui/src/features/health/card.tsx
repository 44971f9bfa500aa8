/** A box with a title, and a line of it. */
import type { ReactNode } from "react";
import { classes } from "@/widgets/classes";

export const Card = ({ title, className, children }: { title: string; className?: string; children: ReactNode }) => (
  <section aria-label={title} className={classes("flex flex-col gap-2 rounded-lg border border-line bg-surface p-4", className)}>
    <h2 className="font-semibold">{title}</h2>
    {children}
  </section>
);

export const Row = ({ name, value }: { name: string; value: ReactNode }) => (
  <div className="flex justify-between gap-4 text-sm tabular">
    <span className="text-ink-muted">{name}</span>
    <span>{value}</span>
  </div>
);
