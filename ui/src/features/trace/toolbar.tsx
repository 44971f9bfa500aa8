/** Above the chart: search and its matches, folding, zoom. */
import {
  ChevronDown,
  ChevronUp,
  CircleAlert,
  FoldVertical,
  ListChevronsDownUp,
  ListChevronsUpDown,
  ListFilter,
  MoveHorizontal,
  UnfoldVertical,
  ZoomIn,
  ZoomOut,
} from "lucide-react";
import type { RefObject } from "react";
import { isWhole, lengthOf, zoomAt } from "@/charts/scale";
import { formatNs } from "@/format/duration";
import { formatCount } from "@/format/number";
import { Button, IconButton } from "@/widgets/button";
import { Kbd } from "@/widgets/kbd";
import { SearchBox } from "@/widgets/search-box";
import { Segmented } from "@/widgets/segmented";
import { Tip } from "@/widgets/tip";
import { foldFrom, foldOneLess, foldOneMore, OPEN } from "./folding";
import type { TraceState } from "./state";

type ToolbarProps = { state: TraceState; searchBox: RefObject<HTMLInputElement | null> };

export const Toolbar = ({ state, searchBox }: ToolbarProps) => (
  <div role="toolbar" aria-label="Chart" className="flex flex-wrap items-center gap-x-4 gap-y-1.5 border-b border-line bg-surface px-4 py-1.5">
    <Searching state={state} searchBox={searchBox} />
    <div className="ml-auto flex flex-wrap items-center justify-end gap-x-4 gap-y-1.5">
      <Segmented
        label="View"
        options={[
          { value: "tree", label: "Tree" },
          { value: "flame", label: "Flame" },
        ]}
        value={state.flame ? "flame" : "tree"}
        onPick={(view) => state.set({ flame: view === "flame" })}
      />
      {!state.flame && <FoldButtons state={state} />}
      <ZoomButtons state={state} />
    </div>
  </div>
);

function Searching({ state, searchBox }: ToolbarProps) {
  const { q, errors, only, matches, set, toMatch, selected } = state;
  const place = matches?.list.indexOf(selected) ?? -1;
  const none = !matches || matches.list.length === 0;
  const idle = matches || only ? undefined : "max-sm:hidden"; // a phone has room for what can be used
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-1 max-sm:w-full">
      <SearchBox
        ref={searchBox}
        label="Search spans"
        placeholder="Find spans"
        value={q}
        onSearch={(text) => set({ q: text })}
        onEnter={(backwards) => toMatch(backwards ? -1 : 1)}
        delayMs={120}
        className="w-52 max-sm:w-auto max-sm:flex-1"
      />
      <Tip label="Spans with an error">
        <Button look={errors ? "on" : "quiet"} aria-pressed={errors} onClick={() => set({ errors: !errors })}>
          <CircleAlert size={13} aria-hidden /> Errors
        </Button>
      </Tip>
      <Tip label="Hide everything that leads to no match">
        <Button look={only ? "on" : "quiet"} aria-pressed={only} className={idle} onClick={() => set({ only: !only })}>
          <ListFilter size={13} aria-hidden /> Matches only
        </Button>
      </Tip>
      <IconButton icon={ChevronUp} label="Previous match" shortcut="p" disabled={none} className={idle} onClick={() => toMatch(-1)} />
      <IconButton icon={ChevronDown} label="Next match" shortcut="n" disabled={none} className={idle} onClick={() => toMatch(1)} />
      <span role="status" className="px-1 text-sm empty:px-0 text-ink-muted tabular">
        {matches && `${place >= 0 ? `${formatCount(place + 1)} of ` : ""}${formatCount(matches.list.length)}`}
      </span>
    </div>
  );
}

function FoldButtons({ state: { folding, tree, set } }: { state: TraceState }) {
  return (
    <div className="flex items-center">
      <IconButton icon={ListChevronsDownUp} label="Collapse one level" className="max-sm:hidden" onClick={() => set({ folding: foldOneMore(folding, tree) })} />
      <IconButton icon={ListChevronsUpDown} label="Expand one level" className="max-sm:hidden" onClick={() => set({ folding: foldOneLess(folding, tree) })} />
      <IconButton icon={FoldVertical} label="Collapse all" onClick={() => set({ folding: foldFrom(1, tree) })} />
      <IconButton icon={UnfoldVertical} label="Expand all" onClick={() => set({ folding: OPEN })} />
    </div>
  );
}

function ZoomButtons({ state }: { state: TraceState }) {
  const { window, tree, selected } = state;
  const whole = isWhole(window, tree.totalNs);
  const zoom = (factor: number) => state.set({ window: zoomAt(window, 0.5, factor, tree.totalNs) });
  return (
    <div className="flex items-center">
      <Button disabled={selected < 0} className="max-sm:hidden" onClick={() => state.zoomTo(selected)}>
        Zoom to span <Kbd>f</Kbd>
      </Button>
      <span className="mr-1 w-16 text-right text-sm text-ink-muted tabular max-sm:hidden">{formatNs(lengthOf(window))}</span>
      <IconButton icon={ZoomOut} label="Zoom out" shortcut="−" disabled={whole} onClick={() => zoom(2)} />
      <IconButton icon={ZoomIn} label="Zoom in" shortcut="+" onClick={() => zoom(0.5)} />
      <IconButton icon={MoveHorizontal} label="Show the whole trace" shortcut="0" disabled={whole} onClick={state.showAll} />
    </div>
  );
}
