/** The spans on the critical path, those with the most time first; their times sum to the root's. */
import { useMemo } from "react";
import { formatNs } from "@/format/duration";
import { formatCount, plural } from "@/format/number";
import { formatShare } from "@/format/quantity";
import { classes } from "@/widgets/classes";
import type { CriticalPath } from "../critical-path";
import type { TraceState } from "../state";

const MOST = 100;

type PathListProps = { path: CriticalPath; state: TraceState; colors: Map<string, string> };

export function PathList({ path, state, colors }: PathListProps) {
  const { tree, selected, select } = state;
  const total = useMemo(() => path.totals.reduce((sum, { ns }) => sum + ns, 0), [path]);
  const hidden = path.totals.length - MOST;
  return (
    <>
      <p className="px-4 py-1.5 text-sm text-ink-muted tabular">
        {plural(path.totals.length, "span")}, {formatNs(total)} in all: the whole of <span className="text-ink">{tree.spans[path.root]!.name}</span>
      </p>
      <ol aria-label="Critical path" className="divide-y divide-line border-t border-line">
        {path.totals.slice(0, MOST).map(({ index, ns }) => {
          const span = tree.spans[index]!;
          return (
            <li key={span.span_id}>
              <button
                type="button"
                onClick={() => select(index)}
                aria-current={index === selected || undefined}
                className={classes("flex w-full items-center gap-3 px-4 py-1 text-left focus-visible:-outline-offset-2", index === selected ? "bg-accent-soft" : "hover:bg-raised/70")}
              >
                <span aria-hidden style={{ backgroundColor: colors.get(span.service_name) }} className="size-2.5 shrink-0 rounded-[3px]" />
                <span className="min-w-0 flex-1 truncate">
                  {span.name} <span className="text-xs text-ink-faint">{span.service_name}</span>
                </span>
                <span className="shrink-0 font-medium tabular">{formatNs(ns)}</span>
                <span className="w-11 shrink-0 text-right text-ink-muted tabular">{formatShare(total ? ns / total : 0)}</span>
              </button>
            </li>
          );
        })}
      </ol>
      {hidden > 0 && <p className="px-4 py-1.5 text-sm text-ink-muted">{formatCount(hidden)} more with less time each</p>}
    </>
  );
}
