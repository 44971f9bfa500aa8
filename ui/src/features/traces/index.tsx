/** The list of traces. */
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ArrowUp } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { tracesFile } from "@/api/downloads";
import { tracesQuery } from "@/api/queries";
import type { TraceSummary } from "@/api/types";
import { formatCount, plural } from "@/format/number";
import { useKeys } from "@/keys";
import { rangeOf } from "@/time-range/address";
import { classes } from "@/widgets/classes";
import { ProblemNotice } from "@/widgets/problem-notice";
import { columnsOf } from "./columns";
import { Empty } from "./empty";
import { Filters } from "./filters";
import { Latency } from "./latency";
import { LIVE_MS, type News, useNews, useReading } from "./live";
import { rememberList } from "./recall";
import { DEFAULT_SORT, filtersOf, type TracesSearch, withinBox } from "./search";
import { TableSkeleton, TraceTable } from "./table";
import { describe, isRelative, resolve } from "@/time-range/range";

const route = getRouteApi("/traces");

/** The traces of a search, page after page; followed while live and while nobody reads in them. */
function useTraces(shown: TracesSearch, reading: boolean) {
  const search = withinBox(shown);
  const range = rangeOf(search);
  return useInfiniteQuery({
    ...tracesQuery(filtersOf(search), JSON.stringify(range), () => resolve(range)),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) => (state.data?.pages[0]?.items.length === 0 || (search.live && !reading) ? LIVE_MS : false),
  });
}

export function TracesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null); // state, so that the list sees it appear
  const searchBox = useRef<HTMLInputElement>(null);
  const [active, setActive] = useState(-1);
  const { atTop, reading, onScroll, pointing } = useReading(active);
  const list = useTraces(search, reading);
  const traces = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const within = withinBox(search);
  const news = useNews(filtersOf(within), traces, Boolean(search.live) && reading && isRelative(rangeOf(within)));
  useEffect(() => rememberList(search, traces), [search, traces]);

  const change = (next: TracesSearch, replace = false) => {
    setActive(-1);
    void navigate({ search: next, replace });
    scroller?.scrollTo({ top: 0 });
  };
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const onNearEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const move = (step: number) => setActive((now) => Math.max(0, Math.min(traces.length - 1, now + step)));
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    "/": () => searchBox.current?.focus(),
    r: () => void list.refetch(),
    c: () => change({ ...search, charts: search.charts ? undefined : "off" }, true),
    l: () => change({ ...search, live: search.live ? undefined : true }, true),
  });

  const toNewest = () => {
    setActive(-1);
    scroller?.scrollTo({ top: 0 });
    void list.refetch();
  };
  const sort = search.sort ?? DEFAULT_SORT;
  const onSort = (next: typeof sort) => change({ ...search, sort: next });
  const columns = useMemo(() => columnsOf(search.columns), [search.columns]);
  const content = () => {
    if (list.isPending) return <TableSkeleton columns={columns} sort={sort} onSort={onSort} />;
    if (list.isError && traces.length === 0) return <ProblemNotice error={list.error} onRetry={() => void list.refetch()} />;
    if (traces.length === 0) return <Empty search={search} onChange={change} />;
    return <TraceTable traces={traces} columns={columns} scroller={scroller} sort={sort} onSort={onSort} onNearEnd={onNearEnd} active={active} />;
  };
  return (
    // Where the charts leave the list no room, as on a phone, the page scrolls to one that is whole.
    <main className="flex h-full min-h-0 flex-col overflow-y-auto">
      <h1 className="sr-only">Traces</h1>
      <Filters
        search={search}
        onChange={change}
        onRefresh={() => void list.refetch()}
        refreshing={list.isFetching && !search.live}
        searchBox={searchBox}
      />
      {search.charts !== "off" && <Latency search={search} onChange={change} />}
      <div {...pointing} className="relative flex min-h-40 flex-1 flex-col max-sm:min-h-64">
        <div
          ref={setScroller}
          data-scroll-restoration-id="traces"
          onScroll={onScroll}
          aria-busy={list.isPlaceholderData}
          className={classes("min-h-0 flex-1 overflow-y-auto border-t border-line bg-surface transition-opacity", list.isPlaceholderData && "opacity-60")}
        >
          {content()}
        </div>
        <NewsPill news={news} onClick={toNewest} />
      </div>
      <Footer traces={traces} search={search} more={hasNextPage} loading={isFetchingNextPage} paused={Boolean(search.live) && !atTop} onResume={toNewest} error={list.error} known={list.data !== undefined} />
    </main>
  );
}

/** Over the top of the list, so that no row moves. */
const NewsPill = ({ news: { count, more }, onClick }: { news: News; onClick: () => void }) => (
  <div role="status" className="pointer-events-none absolute inset-x-0 top-10 z-20 flex justify-center">
    {count > 0 && (
      <button
        type="button"
        onClick={onClick}
        className="pointer-events-auto flex h-7 items-center gap-1.5 rounded-full bg-accent px-3 text-sm font-medium text-on-accent shadow-float hover:brightness-110"
      >
        <ArrowUp size={13} aria-hidden /> {formatCount(count)}
        {more && "+"} new
      </button>
    )}
  </div>
);

type FooterProps = { traces: TraceSummary[]; search: TracesSearch; more: boolean; loading: boolean; paused: boolean; onResume: () => void; error: Error | null; known: boolean };

function Footer({ traces, search, more, loading, paused, onResume, error, known }: FooterProps) {
  const count = more ? `${plural(traces.length, "trace")} loaded` : plural(traces.length, "trace");
  return (
    <footer className="flex h-8 shrink-0 items-center gap-3 border-t border-line px-4 text-sm whitespace-nowrap text-ink-muted tabular">
      {known && <span>{count}</span>}
      <span className={classes("text-ink-faint", paused && "max-sm:hidden")}>{describe(rangeOf(search))}</span>
      {loading && <span>Loading more…</span>}
      {paused && (
        <button type="button" onClick={onResume} className="rounded text-warn underline-offset-2 hover:underline">
          Live is paused<span className="max-sm:hidden"> while you are scrolled down</span>: back to the newest
        </button>
      )}
      {traces.length > 0 && <DownloadLink search={search} className={paused ? "max-sm:hidden" : undefined} />}
      {error && traces.length > 0 && <span role="alert" className="text-bad">Not refreshed: {error.message}</span>}
    </footer>
  );
}

/** The address is that of the moment of the click, so that "last hour" is the last hour. */
function DownloadLink({ search, className }: { search: TracesSearch; className?: string }) {
  const address = () => {
    const shown = withinBox(search);
    return tracesFile(filtersOf(shown), () => resolve(rangeOf(shown)));
  };
  return (
    <a href={address()} download onClick={(event) => (event.currentTarget.href = address())} title="The whole list, with these filters" className={classes("ml-auto rounded underline-offset-2 hover:text-ink hover:underline", className)}>
      Download as Parquet
    </a>
  );
}
