/** What the requests in the box have that the others have not; a click makes a filter of it. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Maximize2, X } from "lucide-react";
import { type Conditions, type Difference, differencesQuery } from "@/api/analytics";
import type { Box } from "@/charts/heatmap";
import { formatCount } from "@/format/number";
import { formatDigits, formatShare } from "@/format/quantity";
import { Button, IconButton } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { Skeleton } from "@/widgets/skeleton";
import { type TracesSearch, withinBox } from "./search";
import { withTerms, writeTerm } from "./written";

type DifferencesProps = {
  search: TracesSearch;
  filters: Conditions;
  window: { from: string; to: string };
  box: Box;
  onChange: (search: TracesSearch) => void;
};

export function Differences({ search, filters, window: { from, to }, box, onChange }: DifferencesProps) {
  const found = useQuery({ ...differencesQuery(filters, { from, to }, box), placeholderData: keepPreviousData });
  const { data } = found;
  const content = () => {
    if (found.isPending) return <Waiting />;
    if (found.isError && !data) return <p role="alert" className="px-4 py-2 text-sm text-bad">Not compared: {found.error.message}</p>;
    if (!data || data.items.length === 0) return <Nothing inside={data?.inside ?? 0} outside={data?.outside ?? 0} />;
    return <List items={data.items} search={search} onChange={onChange} />;
  };
  return (
    <aside aria-label="What differs" aria-busy={found.isPlaceholderData} className="flex h-[262px] w-[400px] shrink-0 flex-col border-l border-line max-lg:h-auto max-lg:max-h-72 max-sm:max-h-44 max-lg:w-full max-lg:border-t max-lg:border-l-0">
      <div className="flex h-9 shrink-0 items-center gap-2 px-4">
        <h2 className="shrink-0 text-sm font-medium">What differs</h2>
        {data && (
          <span className="truncate text-sm text-ink-muted tabular" title={data.sampled_inside < data.inside || data.sampled_outside < data.outside ? `Compared: ${formatCount(data.sampled_inside)} and ${formatCount(data.sampled_outside)} of them` : undefined}>
            {formatCount(data.inside)} in the box, {formatCount(data.outside)} outside
          </span>
        )}
        <span className="ml-auto flex">
          <IconButton icon={Maximize2} label="Zoom to the box" onClick={() => onChange(withinBox(search))} />
          <IconButton icon={X} label="Clear the box" onClick={() => onChange({ ...search, box: undefined })} />
        </span>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto pb-2">{content()}</div>
    </aside>
  );
}

const List = ({ items, search, onChange }: { items: Difference[] } & Pick<DifferencesProps, "search" | "onChange">) => (
  <ul className="flex flex-col">
    {items.map((item) => (
      <li key={`${item.kind} ${item.name} ${item.value} ${item.low}`}>
        <Row item={item} next={narrowed(search, item)} onChange={onChange} />
      </li>
    ))}
  </ul>
);

function Row({ item, next, onChange }: { item: Difference; next: TracesSearch | undefined; onChange: (search: TracesSearch) => void }) {
  const { share_inside: inside, share_outside: outside } = item;
  const sure = `The shares differ by at least ${formatShare(item.score)}`;
  return (
    <Button look="quiet" disabled={!next} onClick={() => next && onChange(next)} title={next ? `${sure}; click to filter` : sure} className="h-auto! w-full justify-start! gap-3! rounded-none! px-4! py-1! disabled:opacity-100">
      <span className="min-w-0 flex-1 text-left">
        <span className="block truncate text-xs text-ink-muted">{item.name}</span>
        <span className="block truncate text-ink">{valueOf(item)}</span>
      </span>
      <span className="w-[148px] shrink-0">
        <Bar share={inside} className="bg-accent" where="in the box" />
        <Bar share={outside} className="bg-line-strong" where="outside" />
      </span>
    </Button>
  );
}

const Bar = ({ share, className, where }: { share: number; className: string; where: string }) => (
  <span className="flex h-4 items-center gap-2">
    <span aria-hidden className="h-1.5 flex-1">
      <span className={classes("block h-full min-w-px rounded-full", className)} style={{ width: `${share * 100}%` }} />
    </span>
    <span className="w-11 text-right text-xs text-ink-muted tabular">
      {formatShare(share)} <span className="sr-only">{where}</span>
    </span>
  </span>
);

/** "64 – 128" for a range of numbers. */
export const valueOf = ({ value, low, high }: Pick<Difference, "value" | "low" | "high">) =>
  low === null || high === null ? value : `${formatDigits(low)} – ${formatDigits(high)}`;

const CACHED = "gen_ai.usage.cache_read.input_tokens";

/** The search with a value as one more filter; undefined where no filter says it. */
export function narrowed(search: TracesSearch, { kind, name, value, low, high }: Difference): TracesSearch | undefined {
  switch (kind) {
    case "service":
    case "model":
    case "gpu":
      return { ...search, [kind]: value };
    case "status":
      return { ...search, status: "error" };
    case "span":
      return { ...search, q: value };
    case "cache":
      return value === "hit" ? withTerms(search, [`${CACHED}>0`]) : undefined;
    default:
      return withTerms(search, low === null || high === null ? [writeTerm(name, ":", value)] : [writeTerm(name, ">=", String(low)), writeTerm(name, "<", String(high))]);
  }
}

const Nothing = ({ inside, outside }: { inside: number; outside: number }) => (
  <p className="px-4 py-2 text-sm text-ink-muted">
    {outside === 0
      ? "There are no requests outside of the box to compare with."
      : inside < 10
        ? "So few requests tell nothing for sure; choose more of them."
        : "Nothing that spans say tells them from the others for sure."}
  </p>
);

const Waiting = () => (
  <div aria-busy className="flex flex-col gap-3 px-4 py-2">
    {Array.from({ length: 5 }, (_, row) => (
      <Skeleton key={row} className="h-6!" />
    ))}
  </div>
);
