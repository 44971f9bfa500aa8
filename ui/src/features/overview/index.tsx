/** How the whole is doing: figures beside what they were, everything over time, services and models. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowUpRight, RotateCw } from "lucide-react";
import { type ReactNode, useMemo, useRef } from "react";
import { type Activity, activityQuery, modelsQuery, servicesQuery } from "@/api/analytics";
import { facetsQuery } from "@/api/queries";
import type { Stretch } from "@/charts/clock";
import { ClockRuler } from "@/charts/frame";
import { type Pointing, usePointing } from "@/charts/pointer";
import { placeUnder } from "@/charts/series";
import { SeriesChart } from "@/charts/series-chart";
import { ModelTable } from "@/features/models/table";
import { useKeys } from "@/keys";
import { rangeOf, readRange, type RangeSearch } from "@/time-range/address";
import { TimeRangePicker } from "@/time-range/picker";
import { describe, isRelative, resolve } from "@/time-range/range";
import { toSearch, useZoomKeys, ZoomOutButton } from "@/time-range/zoom";
import { IconButton } from "@/widgets/button";
import { Figure } from "@/widgets/figure";
import { Picker } from "@/widgets/picker";
import { NotRefreshed, ProblemNotice } from "@/widgets/problem-notice";
import { Skeleton } from "@/widgets/skeleton";
import { Stale } from "@/widgets/stale";
import { Hidden } from "./empty";
import { type Figure as FigureOf, toFigures } from "./figures";
import { type Panel, toPanels } from "./panels";
import type { OverviewSearch } from "./search";
import { Services } from "./services";
import { before, bucketsOf, endsOf, wholeOf } from "./window";

const LIVE_MS = 10_000;
const MODEL_FIGURES = ["requests", "errors", "p95", "ttft", "tpot", "output", "seconds"] as const;
const route = getRouteApi("/");

/** Everything the page shows; what belongs together is asked for the same window. */
function useOverview(search: OverviewSearch) {
  const range = rangeOf(search);
  const scope = { service: search.service, model: search.model };
  const key = JSON.stringify(range);
  const polling = { placeholderData: keepPreviousData, refetchInterval: isRelative(range) && LIVE_MS } as const;
  const series = useQuery({ ...activityQuery(scope, key, () => bucketsOf(range)), ...polling });
  const window = series.data && !series.isPlaceholderData ? series.data.window : bucketsOf(range);
  const whole = useQuery({ ...activityQuery(scope, `${key} whole`, () => wholeOf(bucketsOf(range))), ...polling });
  const past = useQuery({ ...activityQuery(scope, `${key} before`, () => before(bucketsOf(range))), ...polling });
  const services = useQuery({ ...servicesQuery(scope, key, () => endsOf(bucketsOf(range))), ...polling });
  const models = useQuery({ ...modelsQuery(scope, key, () => endsOf(bucketsOf(range))), ...polling });
  const facets = useQuery(facetsQuery(key, () => resolve(range)));
  const refresh = () => void Promise.all([series, whole, past, services, models].map(({ refetch }) => refetch()));
  return { range, window, series, whole, past, services, models, facets, refresh };
}

export function OverviewPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { range, window, series, whole, past, services, models, facets, refresh } = useOverview(search);
  const [from, to] = [Date.parse(window.from), Date.parse(window.to)];
  const stretch = useMemo(() => ({ from, to }), [from, to]);
  const set = (patch: Partial<OverviewSearch>) => void navigate({ search: { ...search, ...patch } });
  const onRange = (next: RangeSearch) => void navigate({ search: { service: search.service, model: search.model, ...readRange(next) } });
  const panels = useMemo(() => (series.data ? toPanels(series.data) : []), [series.data]);
  const pointed = useRef<Panel>(undefined);
  const scope = { service: search.service, model: search.model };
  const onClick = (at: number) => {
    const moment = pointed.current && momentOf(pointed.current, at, stretch);
    if (moment) void navigate({ to: "/traces", search: { ...scope, ...pointed.current!.traces, ...toSearch(moment) } });
  };
  const pointing = usePointing(stretch, (chosen) => onRange(toSearch(chosen)), onClick);
  useKeys({ r: refresh });
  useZoomKeys({ stretch, onRange });
  const behind = { ...scope, from: window.from, to: window.to };
  const error = series.error ?? whole.error;
  const empty = series.data && !series.isPlaceholderData && isNothing(series.data, Boolean(search.service ?? search.model));
  const content = () => {
    if (error && !series.data) return <ProblemNotice error={error} onRetry={refresh} />;
    if (!series.data || !whole.data) return <Waiting />;
    if (empty) return <Hidden what="request" search={search} onRange={onRange} onClear={() => set({ service: undefined, model: undefined })} />;
    return (
      <div className="flex flex-col gap-4 pb-6">
        <Stale busy={whole.isPlaceholderData || past.isPlaceholderData}>
          <Figures figures={toFigures(whole.data, past.data)} past={isRelative(range) ? describe(range).replace("Last", "the") : "the same time"} />
        </Stale>
        <Stale busy={series.isPlaceholderData}>
          <Charts panels={panels} pointing={pointing} onPoint={(panel) => (pointed.current = panel)} behind={behind} />
        </Stale>
        <p className="px-4 text-sm text-ink-muted">Click a moment for its requests, drag to zoom.</p>
        <div className="grid items-start gap-x-4 gap-y-6 xl:grid-cols-[2fr_3fr]">
          <Section title="Services" busy={services.isPlaceholderData}>{services.data && <Services services={services.data.items} search={{ from: window.from, to: window.to, model: search.model }} />}</Section>
          <Section title="Models" busy={models.isPlaceholderData} more={<Link to="/models" search={readRange({ ...search })} className="rounded text-sm text-accent hover:underline">Side by side</Link>}>
            {models.data && models.data.items.length === 0 && <p className="px-4 py-3 text-sm text-ink-muted">No span names a model in this range.</p>}
            {models.data && models.data.items.length > 0 && <ModelTable models={models.data.items.slice(0, 12)} only={[...MODEL_FIGURES]} search={{ from: window.from, to: window.to, service: search.service }} />}
          </Section>
        </div>
      </div>
    );
  };
  return (
    <main className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2.5">
        <h1 className="mr-2 text-lg font-semibold tracking-tight">Overview</h1>
        <TimeRangePicker range={range} onPick={(next) => onRange(readRange({ ...next }))} />
        <Picker label="Service" options={facets.data?.services ?? []} value={search.service} onPick={(service) => set({ service })} />
        <Picker label="Model" options={facets.data?.models ?? []} value={search.model} onPick={(model) => set({ model })} />
        {error && series.data && <NotRefreshed error={error} />}
        <div className="ml-auto flex gap-1">
          <ZoomOutButton stretch={stretch} onRange={onRange} />
          <IconButton icon={RotateCw} label="Refresh" shortcut="r" onClick={refresh} />
        </div>
      </div>
      <div data-scroll-restoration-id="overview" role="region" aria-label="Measurements" tabIndex={0} className="min-h-0 flex-1 overflow-y-auto focus-visible:outline-offset-[-2px]">
        {content()}
      </div>
    </main>
  );
}

/** The GPUs are those of everyone: they say nothing about what a filter is for. */
const isNothing = ({ requests, engines, gpus }: Activity, filtered: boolean) =>
  requests.items.length === 0 && engines.items.length === 0 && (filtered || gpus.items.length === 0);

/** The bucket of a panel that a pointer at a moment means. */
function momentOf({ series }: Panel, at: number, stretch: Stretch) {
  const place = placeUnder(series, at, stretch);
  return place < 0 ? undefined : { from: series.starts[place]!, to: series.ends[place]! };
}

/** The figures of the range; `past` names the piece of time before it. */
const Figures = ({ figures, past }: { figures: FigureOf[]; past: string }) => (
  <dl className="grid grid-cols-[repeat(auto-fill,minmax(108px,1fr))] gap-px border-b border-line bg-surface tabular">
    {figures.map((figure) => (
      <Figure key={figure.label} {...figure} past={past} className="bg-surface px-3 py-2.5 shadow-[0_0_0_1px_var(--color-line)]" />
    ))}
  </dl>
);

type ChartsProps = { panels: Panel[]; pointing: Pointing; onPoint: (panel: Panel) => void; behind: { from: string; to: string; service?: string; model?: string } };

const Charts = ({ panels, pointing, onPoint, behind }: ChartsProps) => (
  <div className="grid gap-x-5 gap-y-2 px-4 md:grid-cols-2 xl:grid-cols-3">
    {panels.map((panel) => (
      <div key={panel.title} onPointerDownCapture={() => onPoint(panel)} className="min-w-0">
        <SeriesChart
          title={panel.title}
          action={<Behind title={panel.title} search={{ ...behind, ...panel.traces }} />}
          series={panel.series}
          format={panel.format}
          top={panel.top}
          pointing={pointing}
          nothing={panel.nothing}
          height={88}
        />
        <ClockRuler pointing={pointing} />
      </div>
    ))}
  </div>
);

const Behind = ({ title, search }: { title: string; search: object }) => (
  <Link to="/traces" search={search} aria-label={`Traces behind ${title}`} title="The traces behind this" className="rounded text-ink-faint hover:text-ink">
    <ArrowUpRight size={13} aria-hidden />
  </Link>
);

const Section = ({ title, busy, more, children }: { title: string; busy: boolean; more?: ReactNode; children: ReactNode }) => (
  <section aria-label={title} className="min-w-0 border-y border-line bg-surface">
    <div className="flex h-9 items-center justify-between px-4">
      <h2 className="font-semibold">{title}</h2>
      {more}
    </div>
    <Stale busy={busy}>{children}</Stale>
  </section>
);

const Waiting = () => (
  <div aria-busy className="grid gap-4 p-4 md:grid-cols-2 xl:grid-cols-3">
    {Array.from({ length: 9 }, (_, chart) => (
      <Skeleton key={chart} className="h-28!" />
    ))}
  </div>
);
