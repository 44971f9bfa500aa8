/** A number with its name, beside what it was: an entry of a <dl>. */
import type { ReactNode } from "react";
import { changeOf, type Compared } from "@/format/change";
import { classes } from "./classes";

type FigureProps = Compared & {
  label: string;
  write: (value: number) => string;
  /** Names the time before: "the last hour" in "3.2/s in the last hour before". */
  past?: string;
  className?: string;
  /** Beside the change. */
  children?: ReactNode;
};

const LOOKS = { good: "text-good", bad: "text-bad", none: "text-ink-muted" };

export function Figure({ label, value, before, write, past, className, children, ...better }: FigureProps) {
  const change = changeOf({ value, before, ...better });
  const known = value !== undefined && value !== null;
  const was = change && before !== undefined && before !== null ? `${write(before)} in ${past ?? "the time"} before` : undefined;
  return (
    <div className={classes("min-w-0", className)} title={was}>
      <dt className="truncate text-xs text-ink-muted">{label}</dt>
      <dd className="truncate text-lg font-semibold">{known ? write(value) : <span className="text-ink-faint">–</span>}</dd>
      <dd className="min-h-4 text-xs text-ink-muted">
        {children}
        {children && change && " · "}
        {change && <span className={LOOKS[change.look]}>{change.text}</span>}
      </dd>
    </div>
  );
}
