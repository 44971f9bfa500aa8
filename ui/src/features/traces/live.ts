/** A list that is followed live holds still while someone reads in it; what has come since is counted. */
import { useQuery } from "@tanstack/react-query";
import { type PointerEvent, useState } from "react";
import { newerTracesQuery, type TraceFilters } from "@/api/queries";
import type { TraceSummary } from "@/api/types";

export const LIVE_MS = 2_000;
/** Pixels at which a list still counts as being at its top. */
const TOP_PX = 40;

/** A finger is not left lying there. */
const points = ({ pointerType }: PointerEvent) => pointerType !== "touch";

/** Whether someone reads: has scrolled down, points at the list, or walks it by keys. */
export function useReading(active: number) {
  const [atTop, setAtTop] = useState(true);
  const [pointed, setPointed] = useState(false);
  return {
    atTop,
    reading: !atTop || pointed || active >= 0,
    onScroll: ({ currentTarget }: { currentTarget: HTMLElement }) => setAtTop(currentTarget.scrollTop < TOP_PX),
    /** For the list with what lies over it: who goes there to click still reads. */
    pointing: {
      onPointerMove: (event: PointerEvent) => points(event) && setPointed(true),
      onPointerLeave: () => setPointed(false),
    },
  };
}

/** How many traces have come that a list does not hold; `more`: at least so many. */
export type News = { count: number; more: boolean };

export function newsOf(listed: TraceSummary[], newer: { items: TraceSummary[]; next_cursor?: string | null } | undefined): News {
  const known = new Set(listed.map((trace) => trace.trace_id));
  const count = newer?.items.filter((trace) => !known.has(trace.trace_id)).length ?? 0;
  return { count, more: count > 0 && Boolean(newer?.next_cursor) };
}

/** The start of the newest trace of a list, whatever its order; RFC 3339 with one number of digits sorts as text. */
export const newestStart = (listed: TraceSummary[]) => listed.reduce((newest, { start_time: start }) => (start > newest ? start : newest), "");

export function useNews(filters: TraceFilters, listed: TraceSummary[], following: boolean): News {
  const newest = newestStart(listed);
  const newer = useQuery({ ...newerTracesQuery(filters, newest), enabled: following && newest !== "", refetchInterval: LIVE_MS });
  return newsOf(listed, following ? newer.data : undefined);
}
