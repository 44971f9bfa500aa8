/** Models side by side. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { RotateCw } from "lucide-react";
import { modelsQuery } from "@/api/analytics";
import { facetsQuery } from "@/api/queries";
import { Hidden } from "@/features/overview/empty";
import { useKeys } from "@/keys";
import { rangeOf, readRange } from "@/time-range/address";
import { TimeRangePicker } from "@/time-range/picker";
import { isRelative, resolve } from "@/time-range/range";
import { IconButton } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { Picker } from "@/widgets/picker";
import { NotRefreshed, ProblemNotice } from "@/widgets/problem-notice";
import { Skeleton } from "@/widgets/skeleton";
import type { ModelsSearch } from "./search";
import { ModelTable } from "./table";

const LIVE_MS = 10_000;
const route = getRouteApi("/models");

export function ModelsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = rangeOf(search);
  const key = JSON.stringify(range);
  const window = () => resolve(range);
  const models = useQuery({
    ...modelsQuery({ service: search.service }, key, window),
    placeholderData: keepPreviousData,
    refetchInterval: isRelative(range) && LIVE_MS,
  });
  const facets = useQuery(facetsQuery(key, window));
  const set = (patch: Partial<ModelsSearch>) => void navigate({ search: { ...search, ...patch } });
  const onRange = (next: object) => void navigate({ search: { service: search.service, sort: search.sort, ...readRange({ ...next }) } });
  const refresh = () => void models.refetch();
  useKeys({ r: refresh });
  const items = models.data?.items ?? [];
  const content = () => {
    if (models.isPending) return <Skeleton className="m-4 h-40!" />;
    if (models.isError && items.length === 0) return <ProblemNotice error={models.error} onRetry={refresh} />;
    if (items.length === 0) return <Hidden what="model" search={search} onRange={onRange} onClear={() => set({ service: undefined })} />;
    return <ModelTable models={items} sort={search.sort} onSort={(sort) => set({ sort: sort === "requests" ? undefined : sort })} search={{ ...window(), service: search.service }} />;
  };
  return (
    <main className="flex h-full min-h-0 flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line px-4 py-2.5">
        <h1 className="mr-2 text-lg font-semibold tracking-tight">Models</h1>
        <TimeRangePicker range={range} onPick={onRange} />
        <Picker label="Service" options={facets.data?.services ?? []} value={search.service} onPick={(service) => set({ service })} />
        {models.error && models.data && <NotRefreshed error={models.error} />}
        <IconButton icon={RotateCw} label="Refresh" shortcut="r" onClick={refresh} className="ml-auto" />
      </div>
      <div data-scroll-restoration-id="models" aria-busy={models.isPlaceholderData} className={classes("min-h-0 flex-1 overflow-y-auto bg-surface transition-opacity", models.isPlaceholderData && "opacity-60")}>{content()}</div>
    </main>
  );
}
