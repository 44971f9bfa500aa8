/** The filter bar: everything it shows is in the address. */
import { useQuery } from "@tanstack/react-query";
import { ChartColumnBig, Radio, RotateCw, X } from "lucide-react";
import type { RefObject } from "react";
import { facetsQuery } from "@/api/queries";
import { rangeOf } from "@/time-range/address";
import { Button, IconButton } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { Picker } from "@/widgets/picker";
import { Segmented } from "@/widgets/segmented";
import { Tip } from "@/widgets/tip";
import { ColumnChooser } from "./column-chooser";
import { DurationFilter } from "./duration-filter";
import { FilterBox } from "./filter-box";
import { hasFilters, type TracesSearch, withoutFilters, withRange } from "./search";
import { otherChips } from "./written";
import { resolve } from "@/time-range/range";
import { TimeRangePicker } from "@/time-range/picker";

type FiltersProps = {
  search: TracesSearch;
  onChange: (search: TracesSearch, replace?: boolean) => void;
  onRefresh: () => void;
  refreshing: boolean;
  searchBox: RefObject<HTMLInputElement | null>;
};

const STATUSES = [
  { value: "any", label: "All" },
  { value: "ok", label: "OK" },
  { value: "error", label: "Errors" },
] as const;

export function Filters({ search, onChange, onRefresh, refreshing, searchBox }: FiltersProps) {
  const range = rangeOf(search);
  const facets = useQuery(facetsQuery(JSON.stringify(range), () => resolve(range)));
  const set = (patch: Partial<TracesSearch>, replace?: boolean) => onChange({ ...search, ...patch }, replace);
  return (
    <div role="search" aria-label="Traces" className="flex flex-wrap items-center gap-2 px-4 py-2.5">
      <FilterBox search={search} onChange={onChange} box={searchBox} className="w-[360px] max-w-full max-sm:w-full" />
      <TimeRangePicker range={range} onPick={(next) => onChange(withRange(search, next))} />
      <Picker label="Service" options={facets.data?.services ?? []} value={search.service} onPick={(service) => set({ service })} />
      <Picker label="Model" options={facets.data?.models ?? []} value={search.model} onPick={(model) => set({ model })} />
      {search.gpu && (
        <Picker label="GPU" options={[search.gpu]} value={search.gpu} onPick={(gpu) => set({ gpu })} />
      )}
      <DurationFilter min={search.min} max={search.max} onPick={({ min, max }) => set({ min, max })} />
      <Segmented
        label="Status"
        options={[...STATUSES]}
        value={search.status ?? "any"}
        onPick={(status) => set({ status: status === "any" ? undefined : status })}
      />
      {otherChips(search).map(({ label, without }) => (
        <Button key={label} look="on" title={label} aria-label={`Remove the filter ${label}`} onClick={() => onChange(without)}>
          <span className="max-w-72 truncate tabular">{label}</span>
          <X size={13} aria-hidden />
        </Button>
      ))}
      {hasFilters(search) && (
        <Button look="quiet" onClick={() => onChange(withoutFilters(search))}>
          Clear filters
        </Button>
      )}
      <div className="ml-auto flex items-center gap-1">
        <ColumnChooser names={search.columns} onPick={(columns) => set({ columns }, true)} />
        <IconButton
          icon={ChartColumnBig}
          label={search.charts ? "Show the charts" : "Hide the charts"}
          shortcut="c"
          look={search.charts ? "quiet" : "on"}
          onClick={() => set({ charts: search.charts ? undefined : "off" }, true)}
        />
        <LiveToggle live={Boolean(search.live)} onToggle={() => set({ live: search.live ? undefined : true }, true)} />
        <IconButton icon={RotateCw} label="Refresh" shortcut="r" onClick={onRefresh} className={classes(refreshing && "[&>svg]:animate-spin")} />
      </div>
    </div>
  );
}

const LiveToggle = ({ live, onToggle }: { live: boolean; onToggle: () => void }) => (
  <Tip label={live ? "Stop following" : "Follow new traces"} shortcut="l">
    <Button look={live ? "on" : "quiet"} aria-pressed={live} onClick={onToggle}>
      <Radio size={14} aria-hidden className={classes(live && "animate-pulse")} />
      Live
    </Button>
  </Tip>
);
