/** Searching in a trace. */
import type { SpanNode } from "@/api/types";
import { ancestors, type Tree } from "./tree";

export type Matches = {
  /** Indices of the matching spans, in order. */
  list: number[];
  isMatch: Uint8Array;
  /** Matches and what leads to them. */
  keep: Uint8Array;
};

const hasText = (span: SpanNode, text: string) =>
  span.name.toLowerCase().includes(text) ||
  span.service_name.toLowerCase().includes(text) ||
  Boolean(span.model?.toLowerCase().includes(text)) ||
  span.span_id.startsWith(text);

/** Find spans by text and, where asked, errors alone; undefined when nothing is searched. */
export function findMatches(tree: Tree, query: string, errorsOnly: boolean): Matches | undefined {
  const text = query.trim().toLowerCase();
  if (!text && !errorsOnly) return undefined;
  const isMatch = new Uint8Array(tree.spans.length);
  const keep = new Uint8Array(tree.spans.length);
  const list: number[] = [];
  tree.spans.forEach((span, index) => {
    if ((errorsOnly && span.status !== "error") || (text && !hasText(span, text))) return;
    isMatch[index] = 1;
    list.push(index);
    markUpward(tree, index, keep);
  });
  return { list, isMatch, keep };
}

function markUpward(tree: Tree, index: number, keep: Uint8Array) {
  keep[index] = 1;
  for (const ancestor of ancestors(tree, index)) {
    if (keep[ancestor] === 1) return;
    keep[ancestor] = 1;
  }
}

/** The match after (or before) a span, around the end. */
export function step(list: number[], from: number, direction: 1 | -1): number | undefined {
  if (direction === 1) return list.find((index) => index > from) ?? list[0];
  return list.findLast((index) => index < from) ?? list.at(-1);
}
