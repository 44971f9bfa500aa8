/** Why the trace took so long: the verdict in one line, below it what proves it and the critical path. */
import { useQuery } from "@tanstack/react-query";
import { ChevronRight, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { explainQuery } from "@/api/queries";
import { around } from "@/charts/scale";
import { Button } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { Segmented } from "@/widgets/segmented";
import { Skeleton } from "@/widgets/skeleton";
import type { CriticalPath } from "../critical-path";
import type { TraceState } from "../state";
import { PartsBar } from "./bar";
import { Parts } from "./parts";
import { PathList } from "./path-list";

type ExplainProps = { traceId: string; state: TraceState; path: CriticalPath | undefined; colors: Map<string, string> };

export function Explain({ traceId, state, path, colors }: ExplainProps) {
  const { tree, why, set, select } = state;
  const { data, error, refetch } = useQuery(explainQuery(traceId));
  const onSpan = (spanId: string) => select(tree.indexOf.get(spanId) ?? -1);
  const onSteps = (start: number, length: number, spanId: string | undefined) => {
    if (spanId) onSpan(spanId);
    set({ window: around(start, length, tree.totalNs) });
  };
  return (
    <section aria-label="Where the time went" className="shrink-0 border-b border-line bg-surface">
      <div className="flex items-center gap-x-3 gap-y-1 py-1.5 pr-4 pl-2.5 max-sm:flex-wrap max-sm:pl-4">
        <button
          type="button"
          aria-expanded={why !== undefined}
          onClick={() => set({ why: why ? undefined : "parts" })}
          className="flex min-h-9 min-w-0 flex-1 items-center max-sm:-ml-1.5 max-sm:basis-full gap-1.5 rounded px-1 text-left hover:bg-raised/70"
        >
          <ChevronRight size={13} aria-hidden className={classes("shrink-0 text-ink-muted transition-transform", why && "rotate-90")} />
          <span className="flex min-w-0 flex-1 flex-col gap-1">{data ? <Verdict text={data.verdict} whole={Boolean(why)}><PartsBar parts={data.parts} total={data.duration_ns} /></Verdict> : <Unknown error={error} />}</span>
        </button>
        {error && !data && (
          <Button onClick={() => void refetch()}>
            <RotateCw size={13} aria-hidden /> Try again
          </Button>
        )}
        {why && (
          <Segmented
            label="Shown of the time"
            options={[
              { value: "parts", label: "Parts" },
              { value: "path", label: "Critical path" },
            ]}
            value={why}
            onPick={(next) => set({ why: next })}
          />
        )}
      </div>
      {why && (
        <div tabIndex={0} aria-label="Details" role="group" className="max-h-[34vh] max-sm:max-h-[24vh] overflow-y-auto border-t border-line focus-visible:-outline-offset-2">
          {why === "parts" && !data && !error && <div className="h-[34vh] max-sm:h-[24vh]" />}
          {why === "parts" && data && <Parts explanation={data} tree={tree} onSpan={onSpan} onSteps={onSteps} />}
          {why === "path" && path && <PathList path={path} state={state} colors={colors} />}
        </div>
      )}
    </section>
  );
}

const Verdict = ({ text, whole, children }: { text: string; whole: boolean; children: ReactNode }) => (
  <>
    <span title={text} className={classes("font-medium", whole ? "" : "truncate max-sm:line-clamp-2 max-sm:whitespace-normal")}>
      {text || "This trace took no time."}
    </span>
    {children}
  </>
);

const Unknown = ({ error }: { error: Error | null }) =>
  error ? (
    <span className="text-sm text-ink-muted">Not explained: {error.message}</span>
  ) : (
    <>
      <span className="sr-only">Where the time went</span>
      <Skeleton className="h-3.5 w-80 max-w-full" />
      <Skeleton className="h-2 w-full" />
    </>
  );
