/** What the colours and stripes of the chart stand for. */
import { useMemo } from "react";
import type { SpanNode } from "@/api/types";
import { classes } from "@/widgets/classes";
import { firstTokenNs, isPrefill } from "./bar";

const LINE = 16;

type LegendProps = { services: Map<string, string>; spans: SpanNode[]; /** Engine steps are shown too. */ steps: boolean; height: number };

export function Legend({ services, spans, steps, height }: LegendProps) {
  const striped = useMemo(() => spans.some((span) => isPrefill(span) || firstTokenNs(span) !== undefined), [spans]);
  return (
    <ul
      aria-label="Colours"
      style={{ height }}
      title={[...services.keys()].join(", ")}
      className={classes(
        "flex w-(--names) shrink-0 flex-wrap [align-content:safe_center] gap-x-3.5 overflow-hidden px-4 py-0.5 text-xs whitespace-nowrap text-ink-muted max-sm:px-2",
        height < 2 * LINE ? "gap-y-2" : "gap-y-px", // no half of a second line
      )}
    >
      {[...services].map(([service, color]) => (
        <li key={service} className="flex max-w-40 items-center gap-1.5">
          <span aria-hidden style={{ backgroundColor: color }} className="size-2 shrink-0 rounded-[2px]" />
          <span className="truncate">{service}</span>
        </li>
      ))}
      {striped && (
        <li className="flex items-center gap-1.5">
          <span aria-hidden className="striped h-2 w-4 rounded-[2px] bg-ink-faint" />
          before the first token
        </li>
      )}
      {steps && (
        <>
          <li className="flex items-center gap-1.5">
            <span aria-hidden className="flex h-2.5 items-end gap-px">
              {["h-1", "h-2.5", "h-1.5"].map((high) => (
                <span key={high} className={`${high} w-1 bg-batch`} />
              ))}
            </span>
            requests in the step
          </li>
          <li className="flex items-center gap-1.5">
            <span aria-hidden className="size-2 rounded-[2px] bg-prefill" />
            others' prefill
          </li>
        </>
      )}
    </ul>
  );
}
