/** The selected span in full; its figures at once, its attributes as they arrive. */
import { useQuery } from "@tanstack/react-query";
import { Braces, Hash, Scan, X } from "lucide-react";
import { useState } from "react";
import { spanQuery } from "@/api/queries";
import type { SpanDetail, TraceDetail } from "@/api/types";
import { IconButton } from "@/widgets/button";
import { CopyButton } from "@/widgets/copy-button";
import { ProblemNotice } from "@/widgets/problem-notice";
import { SearchBox } from "@/widgets/search-box";
import { Skeleton } from "@/widgets/skeleton";
import type { TraceState } from "../state";
import { AttributeGroups, AttributeSection } from "./attributes";
import { Events } from "./events";
import { SpanFigures } from "./figures";
import { Links } from "./links";
import { writeJson } from "./value";

type SpanPanelProps = { trace: TraceDetail; state: TraceState; color: string };

export function SpanPanel({ trace, state, color }: SpanPanelProps) {
  const { tree, selected } = state;
  const span = tree.spans[selected]!;
  const detail = useQuery(spanQuery(trace.trace_id, span.span_id));
  return (
    <div className="flex min-w-0 flex-1 flex-col">
      <div className="flex items-start gap-2 border-b border-line py-2 pr-2 pl-4">
        <span aria-hidden style={{ backgroundColor: color }} className="mt-[7px] size-2.5 shrink-0 rounded-[3px]" />
        <div className="min-w-0 flex-1 py-0.5">
          <h2 className="font-semibold break-words">{span.name}</h2>
          <p className="text-sm text-ink-muted">{span.service_name}</p>
        </div>
        <div className="flex shrink-0">
          <IconButton icon={Scan} label="Zoom to this span" shortcut="f" onClick={() => state.zoomTo(selected)} />
          <CopyButton icon={Hash} label="Copy span id" text={span.span_id} />
          {detail.data && <CopyButton icon={Braces} label="Copy as JSON" text={() => writeJson(detail.data)} />}
          <IconButton icon={X} label="Close" shortcut="Esc" onClick={() => state.select(-1)} />
        </div>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <SpanFigures tree={tree} index={selected} detail={detail.data} />
        {detail.isPending && <PanelSkeleton />}
        {detail.isError && <ProblemNotice error={detail.error} onRetry={() => void detail.refetch()} />}
        {detail.data && <Contents detail={detail.data} />}
      </div>
    </div>
  );
}

function Contents({ detail }: { detail: SpanDetail }) {
  const [filter, setFilter] = useState("");
  const scope = { ...(detail.scope.name && { name: detail.scope.name }), ...(detail.scope.version && { version: detail.scope.version }) };
  const failed = detail.events.some((event) => event.name === "exception");
  const events = <Events events={detail.events} start={detail.start_time} />;
  return (
    <>
      {failed && events}
      <Links links={detail.links} traceId={detail.trace_id} />
      <div className="border-t border-line px-4 py-2.5">
        <SearchBox label="Filter attributes" placeholder="Filter attributes" value={filter} onSearch={setFilter} delayMs={60} shortcut={false} />
      </div>
      <AttributeGroups attributes={detail.attributes} filter={filter} />
      {!failed && events}
      <AttributeSection title="Resource" attributes={detail.resource} filter={filter} />
      <AttributeSection title="Scope" attributes={scope} filter={filter} />
    </>
  );
}

const PanelSkeleton = () => (
  <div className="flex flex-col gap-3 border-t border-line p-4">
    {["w-1/3", "w-4/5", "w-2/3", "w-3/4", "w-1/2"].map((width) => (
      <Skeleton key={width} className={width} />
    ))}
  </div>
);
