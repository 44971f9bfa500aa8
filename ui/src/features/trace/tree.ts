/** The spans of a trace as a tree in arrays: depth-first, so a subtree is one stretch of them. */
import type { SpanNode } from "@/api/types";

export type Tree = {
  spans: SpanNode[];
  /** Index of the parent in `spans`, -1 at a root. */
  parent: Int32Array;
  /** One past the last descendant. */
  end: Int32Array;
  /** The places of spans by their ids. */
  indexOf: { get: (spanId: string) => number | undefined };
  deepest: number;
  /** From the start of the trace to the end of its last span. */
  totalNs: number;
};

/** Link up depth-first spans by their depth, in one pass. */
export function buildTree(spans: SpanNode[]): Tree {
  const parent = new Int32Array(spans.length).fill(-1);
  const end = new Int32Array(spans.length).fill(spans.length);
  const open: number[] = [];
  let deepest = 0;
  let totalNs = 1;
  spans.forEach((span, index) => {
    while (open.length > 0 && spans[open.at(-1)!]!.depth >= span.depth) end[open.pop()!] = index;
    parent[index] = open.at(-1) ?? -1;
    open.push(index);
    deepest = Math.max(deepest, span.depth);
    totalNs = Math.max(totalNs, span.start_offset_ns + span.duration_ns);
  });
  return { spans, parent, end, indexOf: lazyIndex(spans), deepest, totalNs };
}

/** A map that is made when it is first asked: most traces are opened without a span selected, and it takes as long as the rest. */
function lazyIndex(spans: SpanNode[]): Tree["indexOf"] {
  let made: Map<string, number> | undefined;
  return { get: (spanId) => (made ??= new Map(spans.map((span, index) => [span.span_id, index]))).get(spanId) };
}

export const hasChildren = (tree: Tree, index: number) => tree.end[index]! > index + 1;

/** Indices of the rows to draw: collapsed subtrees skipped, and only the kept ones where some are given. */
export function visibleRows(tree: Tree, collapsed: (index: number) => boolean, keep?: Uint8Array): number[] {
  const rows: number[] = [];
  for (let index = 0; index < tree.spans.length; ) {
    const kept = !keep || keep[index] === 1;
    if (kept) rows.push(index);
    index = !kept || (hasChildren(tree, index) && collapsed(index)) ? tree.end[index]! : index + 1;
  }
  return rows;
}

export function* ancestors(tree: Tree, index: number): Generator<number> {
  for (let at = tree.parent[index]!; at >= 0; at = tree.parent[at]!) yield at;
}

export function* children(tree: Tree, index: number): Generator<number> {
  for (let at = index + 1; at < tree.end[index]!; at = tree.end[at]!) yield at;
}

/** Time in a span during which none of its children ran, in ns. */
export function selfTime(tree: Tree, index: number): number {
  const span = tree.spans[index]!;
  const until = span.start_offset_ns + span.duration_ns;
  let reached = span.start_offset_ns;
  let covered = 0;
  for (const child of children(tree, index)) {
    const { start_offset_ns: start, duration_ns: length } = tree.spans[child]!; // siblings come by start
    const from = Math.max(start, reached);
    const to = Math.min(start + length, until);
    covered += Math.max(to - from, 0);
    reached = Math.max(reached, to);
  }
  return span.duration_ns - covered;
}
