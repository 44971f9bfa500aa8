/** The steps of an open trace: asked for when it went through an engine, a strip for each of its requests. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { stepsQuery } from "@/api/queries";
import type { TraceSteps } from "@/api/steps";
import type { Tree } from "../tree";
import { buildStrips, firstAnchor, mayHaveSteps, type Strip } from "./strips";
import type { Missing } from "./unread";

export { STRIP, StripRow } from "./strip";
export { Unread } from "./unread";

const NONE: Strip[] = [];

export type Strips = { strips: Strip[]; data: TraceSteps | undefined; missing: Missing | undefined };

export function useStrips(traceId: string, tree: Tree): Strips {
  const asked = useMemo(() => mayHaveSteps(tree), [tree]);
  const { data, error, errorUpdateCount, refetch } = useQuery({ ...stepsQuery(traceId), enabled: asked });
  const strips = useMemo(() => (data ? buildStrips(tree, data) : NONE), [tree, data]);
  const failed = !data && errorUpdateCount > 0; // while it is tried again too, so that nothing jumps
  const missing = useMemo(
    () => (failed ? { anchor: firstAnchor(tree), error, retry: () => void refetch() } : undefined),
    [failed, tree, error, refetch],
  );
  return { strips, data, missing };
}

/** Rows with strips below their anchors: a row is the index of its span, a strip is ~ its place in the list. */
export function withStrips(rows: number[], strips: Pick<Strip, "anchor">[]): number[] {
  if (strips.length === 0) return rows;
  const below = new Map(strips.map((strip, place) => [strip.anchor, place]));
  return rows.flatMap((row) => (below.has(row) ? [row, ~below.get(row)!] : [row]));
}
