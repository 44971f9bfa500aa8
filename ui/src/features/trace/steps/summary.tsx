/** What a strip comes to, in a few words beside it. */
import { formatCount, plural } from "@/format/number";
import { classes } from "@/widgets/classes";
import type { Summary } from "./strips";

/** "312 steps", "batch 1–8", "23 % of its step time shared with prefill", "14 mates". */
export function sayings({ steps, fewest, most, shared, mates }: Summary): string[] {
  const batch = fewest === most ? formatCount(most) : `${formatCount(fewest)}–${formatCount(most)}`;
  const time = shared > 0 && shared < 0.005 ? "<1" : String(Math.round(shared * 100));
  return [
    plural(steps, "step"),
    `batch ${batch}`,
    ...(shared > 0 ? [`${time} % of its step time shared with prefill`] : mates > 0 ? ["none shared with prefill"] : []),
    mates > 0 ? `mates: ${plural(mates, "request")}` : "no mates",
  ];
}

/** Letters that stay on one line. */
const SHORT = 26;

type SummaryLineProps = { id: string; summary: Summary; cut: boolean };

export const SummaryLine = ({ id, summary, cut }: SummaryLineProps) => (
  <p id={id} title={sayings(summary).join(" · ")} className="line-clamp-4 text-xs leading-[15px] text-ink-muted tabular">
    {summary.preemptions > 0 && (
      <>
        <span className="font-medium text-bad">preempted {summary.preemptions === 1 ? "once" : plural(summary.preemptions, "time")}</span>
        {" · "}
      </>
    )}
    {sayings(summary).map((saying, place) => (
      <span key={saying}>
        {place > 0 && <span className="text-ink-faint"> · </span>}
        <span className={classes(place === 0 && "font-medium text-ink", saying.length < SHORT && "whitespace-nowrap")}>{saying}</span>
      </span>
    ))}
    {cut && <span className="text-warn"> · the trace has more steps than are read here</span>}
  </p>
);
