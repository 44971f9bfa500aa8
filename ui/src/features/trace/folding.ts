/** Which spans are collapsed: from one depth on, with exceptions; short enough for an address. */
import { ancestors, type Tree } from "./tree";

export type Folding = {
  /** Spans at this depth and deeper are collapsed. */
  level: number;
  /** Ids (their first digits) of the spans that are the other way round. */
  flipped: ReadonlySet<string>;
};

export const OPEN: Folding = { level: Number.POSITIVE_INFINITY, flipped: new Set() };

/** Digits of an id that go into an address: 20k spans collide once in ten thousand traces. */
const DIGITS = 10;
const short = (spanId: string) => spanId.slice(0, DIGITS);

export function isCollapsed(folding: Folding, tree: Tree, index: number): boolean {
  const span = tree.spans[index]!;
  return span.depth >= folding.level !== folding.flipped.has(short(span.span_id));
}

export function flip(folding: Folding, spanId: string): Folding {
  const flipped = new Set(folding.flipped);
  if (!flipped.delete(short(spanId))) flipped.add(short(spanId));
  return { ...folding, flipped };
}

/** Collapse everything from a depth on; at the tree's depth nothing is left to collapse. */
export const foldFrom = (level: number, tree: Tree): Folding =>
  level >= tree.deepest ? OPEN : { level: Math.max(level, 0), flipped: new Set() };

export const foldOneMore = (folding: Folding, tree: Tree) => foldFrom(Math.min(folding.level, tree.deepest) - 1, tree);

export const foldOneLess = (folding: Folding, tree: Tree) => foldFrom(folding.level + 1, tree);

/** Open whatever hides a span. */
export function reveal(folding: Folding, tree: Tree, index: number): Folding {
  let next = folding;
  for (const ancestor of ancestors(tree, index))
    if (isCollapsed(next, tree, ancestor)) next = flip(next, tree.spans[ancestor]!.span_id);
  return next;
}

/** "2.ab12cd34ef": level 2, one exception; empty when all is open. */
export function writeFolding({ level, flipped }: Folding): string {
  const head = Number.isFinite(level) ? String(level) : "";
  return [head, ...flipped].join(".");
}

export function readFolding(text: string | undefined): Folding {
  const [head, ...ids] = (text ?? "").split(".");
  const level = /^\d+$/.test(head!) ? Number(head) : OPEN.level;
  return { level, flipped: new Set(ids.filter((id) => /^[0-9a-f]+$/.test(id))) };
}
