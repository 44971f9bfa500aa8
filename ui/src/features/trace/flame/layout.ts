/** Lanes for the flame chart: a span lies below its parent, in the first lane that is free for as long as it runs. */
import type { Tree } from "../tree";

export type Flame = {
  /** Of each span. */
  lane: Int32Array;
  lanes: number;
  /** Spans lane by lane, by start; those of lane n are from first[n] to before first[n + 1]. */
  spans: Int32Array;
  first: Int32Array;
  /** Where a span is drawn: never before its parent. */
  start: Float64Array;
  end: Float64Array;
  errors: number[];
};

export function layOut(tree: Tree): Flame {
  const count = tree.spans.length;
  const [start, end, lane] = [new Float64Array(count), new Float64Array(count), new Int32Array(count)];
  tree.spans.forEach(({ start_offset_ns: from, duration_ns: length }, index) => {
    const parent = tree.parent[index]!;
    start[index] = parent < 0 ? from : Math.max(from, start[parent]!);
    end[index] = Math.max(from + length, start[index]!);
  });
  const order = Int32Array.from({ length: count }, (_, index) => index).toSorted((one, other) => start[one]! - start[other]! || one - other); // a parent comes before its children
  const free = new FreeLanes(count + 1);
  let lanes = 0;
  for (const index of order) {
    const parent = tree.parent[index]!;
    const found = free.firstFrom(parent < 0 ? 0 : lane[parent]! + 1, start[index]!);
    free.take(found, end[index]!);
    lane[index] = found;
    lanes = Math.max(lanes, found + 1);
  }
  const errors = [...tree.spans.keys()].filter((index) => tree.spans[index]!.status === "error");
  return { lane, lanes, ...sortedByLane(order, lane, lanes), start, end, errors };
}

/** Put the spans together lane by lane, in the order in which they come. */
function sortedByLane(order: Int32Array, lane: Int32Array, lanes: number) {
  const first = new Int32Array(lanes + 1);
  for (const index of order) first[lane[index]! + 1]! += 1;
  for (let at = 0; at < lanes; at++) first[at + 1]! += first[at]!;
  const next = first.slice();
  const spans = new Int32Array(order.length);
  for (const index of order) {
    const at = lane[index]!;
    spans[next[at]!] = index;
    next[at]! += 1;
  }
  return { spans, first };
}

/** When each lane is free again, as a tree of minima: a batch of 100,000 siblings would make a search lane by lane take seconds. */
class FreeLanes {
  private readonly size: number;
  private readonly least: Float64Array;

  constructor(lanes: number) {
    this.size = 2 ** Math.ceil(Math.log2(Math.max(lanes, 2)));
    this.least = new Float64Array(this.size * 2).fill(Number.NEGATIVE_INFINITY);
  }

  /** The first lane from `lane` on that is free at a time; there are more lanes than spans, so that there is one. */
  firstFrom(lane: number, time: number): number {
    let node = lane + this.size;
    while (this.least[node]! > time) {
      while (node & 1) node >>= 1;
      node += 1;
    }
    while (node < this.size) node = this.least[node * 2]! <= time ? node * 2 : node * 2 + 1;
    return node - this.size;
  }

  take(lane: number, until: number) {
    let node = lane + this.size;
    this.least[node] = until;
    for (node >>= 1; node >= 1; node >>= 1) this.least[node] = Math.min(this.least[node * 2]!, this.least[node * 2 + 1]!);
  }
}

/** The place in a lane of the first span that ends after a time; first[lane + 1] where there is none. */
export function firstEndingAfter({ spans, first, end }: Flame, lane: number, time: number, from = first[lane]!): number {
  let [low, high] = [from, first[lane + 1]!];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (end[spans[middle]!]! > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The span in a lane at a time, or no farther than `reach` from it: an error before others, else the nearest. */
export function spanAt(flame: Flame, lane: number, time: number, reach: number): number {
  if (lane < 0 || lane >= flame.lanes) return -1;
  const distance = (index: number) => Math.max(flame.start[index]! - time, time - flame.end[index]!, 0);
  const failed = flame.errors.find((index) => flame.lane[index] === lane && distance(index) <= reach);
  if (failed !== undefined) return failed;
  const place = firstEndingAfter(flame, lane, time);
  const beside = [place - 1, place].filter((at) => at >= flame.first[lane]! && at < flame.first[lane + 1]!).map((at) => flame.spans[at]!);
  return beside.filter((index) => distance(index) <= reach).toSorted((one, other) => distance(one) - distance(other))[0] ?? -1;
}
