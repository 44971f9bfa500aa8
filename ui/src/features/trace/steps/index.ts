/** The steps of an open trace: asked for when it went through an engine, a strip for each of its requests. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { stepsQuery } from "@/api/queries";
import type { TraceSteps } from "@/api/steps";
import type { Tree } from "../tree";
import { buildStrips, mayHaveSteps, type Strip } from "./strips";

export { STRIP, StripRow } from "./strip";

const NONE: Strip[] = [];

export function useStrips(traceId: string, tree: Tree): { strips: Strip[]; data: TraceSteps | undefined } {
  const asked = useMemo(() => mayHaveSteps(tree), [tree]);
  const { data } = useQuery({ ...stepsQuery(traceId), enabled: asked });
  const strips = useMemo(() => (data ? buildStrips(tree, data) : NONE), [tree, data]);
  return { strips, data };
}

/** Rows with strips below their anchors: a row is the index of its span, a strip is ~ its place in the list. */
export function withStrips(rows: number[], strips: Strip[]): number[] {
  if (strips.length === 0) return rows;
  const below = new Map(strips.map((strip, place) => [strip.anchor, place]));
  return rows.flatMap((row) => (below.has(row) ? [row, ~below.get(row)!] : [row]));
}
