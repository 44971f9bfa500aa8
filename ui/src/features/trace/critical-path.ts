/** The critical path: at each moment the one span that the end of the root waited for. */
import { children, hasChildren, type Tree } from "./tree";

/** A stretch of the path, in ns from the start of the trace. */
export type Stretch = { index: number; start: number; end: number };

export type CriticalPath = {
  root: number;
  /** One after the other, from the root's start to its end. */
  stretches: Stretch[];
  /** The stretches of each span that is on it. */
  of: Map<number, Stretch[]>;
  /** Time of each span on it, the longest first. */
  totals: { index: number; ns: number }[];
};

/** What an engine's own process says of a request; its phases say the same in more detail. */
const ECHO = "engine.request";
const PHASES = new Set(["preprocess", "wait", "queue", "prefill", "decode", "delivery"]);

const endOf = (tree: Tree, index: number) => tree.spans[index]!.start_offset_ns + tree.spans[index]!.duration_ns;

/** The longest root; an orphan only where there is no other. */
export function findRoot(tree: Tree): number {
  let found = 0;
  for (let index = 0; index < tree.spans.length; index = tree.end[index]!) {
    const [best, span] = [tree.spans[found]!, tree.spans[index]!];
    if (best.orphan !== span.orphan ? best.orphan : span.duration_ns > best.duration_ns) found = index;
  }
  return found;
}

type Walk = { index: number; start: number; at: number; waiting: number[] };

/** Walk back from the end of a root, always into the child that ended last of those that ran; deep traces need no stack. */
export function criticalPath(tree: Tree, root = findRoot(tree)): CriticalPath {
  const stretches: Stretch[] = [];
  const add = (index: number, start: number, end: number) => {
    if (start < end) stretches.push({ index, start, end });
  };
  const enter = (index: number, start: number, at: number): Walk => ({ index, start, at, waiting: lastFirst(tree, index) });
  const walks = tree.spans.length > 0 ? [enter(root, tree.spans[root]!.start_offset_ns, endOf(tree, root))] : [];
  while (walks.length > 0) {
    const walk = walks.at(-1)!;
    const child = nextOf(tree, walk);
    if (child === undefined) {
      walks.pop();
      add(walk.index, walk.start, walk.at);
      continue;
    }
    const start = Math.max(tree.spans[child]!.start_offset_ns, walk.start);
    const end = Math.min(endOf(tree, child), walk.at);
    add(walk.index, end, walk.at);
    walk.at = start;
    walks.push(enter(child, start, end));
  }
  return summed(root, stretches.toReversed());
}

/** The next child with a part before the walk's place. */
function nextOf(tree: Tree, { start, at, waiting }: Walk): number | undefined {
  for (let child = waiting.pop(); child !== undefined; child = waiting.pop())
    if (Math.max(tree.spans[child]!.start_offset_ns, start) < Math.min(endOf(tree, child), at)) return child;
  return undefined;
}

const NONE: number[] = [];

/** The children to look at, the one that ends last at the end of the list. */
function lastFirst(tree: Tree, index: number): number[] {
  if (!hasChildren(tree, index)) return NONE;
  const all = [...children(tree, index)];
  const hasPhases = all.some((child) => PHASES.has(tree.spans[child]!.name));
  const shown = hasPhases ? all.filter((child) => tree.spans[child]!.name !== ECHO) : all;
  return shown.toSorted((one, other) => endOf(tree, one) - endOf(tree, other) || tree.spans[other]!.start_offset_ns - tree.spans[one]!.start_offset_ns || other - one);
}

function summed(root: number, stretches: Stretch[]): CriticalPath {
  const of = new Map<number, Stretch[]>();
  for (const stretch of stretches) {
    const known = of.get(stretch.index);
    if (known) known.push(stretch);
    else of.set(stretch.index, [stretch]);
  }
  const totals = [...of].map(([index, own]) => ({ index, ns: own.reduce((sum, { start, end }) => sum + end - start, 0) }));
  return { root, stretches, of, totals: totals.toSorted((one, other) => other.ns - one.ns || one.index - other.index) };
}
