/** The state of one open trace: what is selected, folded, searched and zoomed, and its address. */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useState } from "react";
import type { TraceDetail } from "@/api/types";
import { around, clamp, isWhole, type Window } from "@/charts/scale";
import { toNs } from "@/format/time";
import { parseParams, stringifyParams } from "@/search-params";
import { flip, type Folding, isCollapsed, readFolding, reveal, writeFolding } from "./folding";
import { type Counter, COUNTERS } from "./gpus/counters";
import { findMatches, type Matches, step } from "./match";
import { buildTree, hasChildren, type Tree, visibleRows } from "./tree";
import { readView, readZoom, type TraceView, type Why, writeZoom } from "./view";

const ADDRESS_DELAY_MS = 200;

type State = { selected: number; folding: Folding; window: Window; q: string; errors: boolean; only: boolean; why: Why | undefined; flame: boolean; /** What is shown of the GPUs. */ counter: Counter | undefined };

export type TraceState = State &
  ReturnType<typeof actionsOf> & {
    tree: Tree;
    /** Where the trace starts, Unix ns. */
    startNs: bigint;
    matches: Matches | undefined;
    rows: number[];
    /** Select the row so many rows below. */
    moveRow: (by: number) => void;
  };

function readState(view: TraceView, tree: Tree, startNs: bigint): State {
  const whole = { start: 0, end: tree.totalNs };
  const zoom = readZoom(view.zoom, startNs);
  const selected = view.span ? (tree.indexOf.get(view.span) ?? -1) : -1;
  const folding = readFolding(view.fold);
  return {
    selected,
    folding: selected >= 0 ? reveal(folding, tree, selected) : folding,
    window: zoom ? clamp(zoom, tree.totalNs) : whole,
    q: view.q ?? "",
    errors: view.errors ?? false,
    only: view.only ?? false,
    why: view.why,
    flame: view.as === "flame",
    counter: view.gpus === "off" ? undefined : (view.gpus ?? COUNTERS[0]),
  };
}

function writeState(state: State, tree: Tree, startNs: bigint): TraceView {
  return {
    span: tree.spans[state.selected]?.span_id,
    zoom: isWhole(state.window, tree.totalNs) ? undefined : writeZoom(state.window, startNs),
    fold: writeFolding(state.folding) || undefined,
    q: state.q || undefined,
    errors: state.errors || undefined,
    only: state.only || undefined,
    why: state.why,
    as: state.flame ? "flame" : undefined,
    gpus: state.counter === COUNTERS[0] ? undefined : (state.counter ?? "off"),
  };
}

/** Keep the address telling the state, a moment later: a zoom is many steps. */
function useAddress(state: State, tree: Tree, startNs: bigint) {
  const navigate = useNavigate();
  useEffect(() => {
    const search = writeState(state, tree, startNs);
    if (stringifyParams(search) === stringifyParams(readView(parseParams(location.search)))) return;
    const write = () => void navigate({ to: ".", search, replace: true });
    const timer = setTimeout(write, ADDRESS_DELAY_MS);
    return () => clearTimeout(timer);
  }, [navigate, state, tree, startNs]);
}

/** The address of this trace as it is looked at now. */
export function addressOf(state: TraceState): string {
  return location.origin + location.pathname + stringifyParams(writeState(state, state.tree, state.startNs));
}

/** Select a span and open the way to it; -1 selects none. */
const at = (state: State, tree: Tree, index: number): State => ({
  ...state,
  selected: index,
  folding: index < 0 ? state.folding : reveal(state.folding, tree, index),
});

/** Go to the next match of what is searched now: the search may have changed with the same key press. */
function atMatch(state: State, tree: Tree, direction: 1 | -1): State {
  const list = findMatches(tree, state.q, state.errors)?.list ?? [];
  const index = step(list, state.selected, direction);
  return index === undefined ? state : at(state, tree, index);
}

/** What changes the state, made once a trace, so that a row drawn once need not be drawn again. */
function actionsOf(tree: Tree, update: (change: (state: State) => State) => void) {
  return {
    set: (patch: Partial<State>) => update((now) => ({ ...now, ...patch })),
    select: (index: number) => update((now) => at(now, tree, index)),
    toggle: (index: number) => update((now) => ({ ...now, folding: flip(now.folding, tree.spans[index]!.span_id) })),
    toMatch: (direction: 1 | -1) => update((now) => atMatch(now, tree, direction)),
    moveIn: () => update((now) => inward(now, tree)),
    moveOut: () => update((now) => outward(now, tree)),
    showAll: () => update((now) => ({ ...now, window: { start: 0, end: tree.totalNs } })),
    zoomTo: (index: number) => {
      const span = tree.spans[index];
      if (span) update((now) => ({ ...now, window: around(span.start_offset_ns, span.duration_ns, tree.totalNs) }));
    },
  };
}

/** Expand the selected span, or go to its first child when it is. */
function inward(state: State, tree: Tree): State {
  const { selected, folding } = state;
  if (selected < 0 || !hasChildren(tree, selected)) return state;
  if (!isCollapsed(folding, tree, selected)) return at(state, tree, selected + 1);
  return { ...state, folding: flip(folding, tree.spans[selected]!.span_id) };
}

/** Collapse the selected span, or go to its parent when there is nothing to collapse. */
function outward(state: State, tree: Tree): State {
  const { selected, folding } = state;
  if (selected < 0) return state;
  if (hasChildren(tree, selected) && !isCollapsed(folding, tree, selected))
    return { ...state, folding: flip(folding, tree.spans[selected]!.span_id) };
  const parent = tree.parent[selected]!;
  return parent < 0 ? state : at(state, tree, parent);
}

export function useTraceState(trace: TraceDetail, view: TraceView): TraceState {
  const tree = useMemo(() => buildTree(trace.spans), [trace]);
  const startNs = useMemo(() => toNs(trace.start_time), [trace]);
  const [state, setState] = useState(() => readState(view, tree, startNs));
  const actions = useMemo(() => actionsOf(tree, setState), [tree]);
  useAddress(state, tree, startNs);
  const { folding, q, errors, only, selected } = state;
  const matches = useMemo(() => findMatches(tree, q, errors), [tree, q, errors]);
  const rows = useMemo(
    () => visibleRows(tree, (index) => isCollapsed(folding, tree, index), only ? matches?.keep : undefined),
    [tree, folding, only, matches],
  );
  const moveRow = (by: number) => {
    const index = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(selected) + by))];
    if (index !== undefined) actions.select(index);
  };
  return { ...state, ...actions, tree, startNs, matches, rows, moveRow };
}
