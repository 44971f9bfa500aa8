/** The span's own figures: when, how long, how much of it was its own. */
import type { ReactNode } from "react";
import type { SpanDetail, SpanNode } from "@/api/types";
import { formatMs, formatNs, formatTick } from "@/format/duration";
import { formatEnergy, formatUsd } from "@/format/money";
import { formatCount } from "@/format/number";
import { formatDigits, formatShare } from "@/format/quantity";
import { ByCalls } from "../../cost/by-calls";
import { firstTokenNs } from "../bar";
import { selfTime, type Tree } from "../tree";
import { type Used, usedOf } from "./used";

type SpanFiguresProps = { tree: Tree; index: number; /** Undefined until it has arrived. */ detail: SpanDetail | undefined };

export function SpanFigures({ tree, index, detail }: SpanFiguresProps) {
  const span = tree.spans[index]!;
  const token = firstTokenNs(span);
  const tokens = span.input_tokens + span.output_tokens > 0;
  const decoded = token === undefined || span.output_tokens < 2 ? undefined : (span.duration_ns - token) / (span.output_tokens - 1);
  return (
    <div className="px-4 py-3">
      {span.status === "error" && (
        <p className="mb-3 rounded-md bg-bad-soft px-3 py-2 break-words text-bad">{detail?.status_message || "This span ended with an error."}</p>
      )}
      <dl className="grid grid-cols-2 gap-x-4 gap-y-2.5 tabular">
        <Figure label="Duration">
          <span title={`${formatCount(span.duration_ns)} ns`}>{formatNs(span.duration_ns)}</span> <Aside>{formatShare(span.duration_ns / tree.totalNs)} of the trace</Aside>
        </Figure>
        <Figure label="Own time">
          {formatNs(selfTime(tree, index))} {span.duration_ns > 0 && <Aside>{formatShare(selfTime(tree, index) / span.duration_ns)}</Aside>}
        </Figure>
        <Figure label="Starts at">+{offset(span.start_offset_ns, span)}</Figure>
        <Figure label="Ends at">+{offset(span.start_offset_ns + span.duration_ns, span)}</Figure>
        {span.ttft_ms !== null && <Figure label="Time to first token">{formatMs(span.ttft_ms)}</Figure>}
        {decoded !== undefined && (
          <Figure label="Per further token">
            {formatNs(decoded)} <Aside>{formatDigits(1e9 / decoded)} tokens/s</Aside>
          </Figure>
        )}
        {tokens && (
          <Figure label="Tokens in / out">
            {formatCount(span.input_tokens)} <Aside>/</Aside> {formatCount(span.output_tokens)}
          </Figure>
        )}
        {detail && <UsedFigures used={usedOf(detail.attributes)} />}
        {span.model && <Figure label="Model">{span.model}</Figure>}
        <Figure label="Kind">{span.kind}</Figure>
        <Figure label="Status">{span.status}</Figure>
      </dl>
      {span.orphan && <p className="mt-3 rounded-md bg-warn-soft px-3 py-2 text-warn">Its parent span has not arrived.</p>}
      {span.skewed && <p className="mt-3 rounded-md bg-warn-soft px-3 py-2 text-warn">It seems to start before its parent: the clocks of their hosts differ.</p>}
      {span.clock && <p className="mt-3 rounded-md bg-warn-soft px-3 py-2 text-warn">{CLOCKS[span.clock]}</p>}
    </div>
  );
}

/** What it used of GPUs, where that is known. */
const UsedFigures = ({ used: { gpuSeconds, joules, source, usd, byCalls } }: { used: Used }) => (
  <>
    {gpuSeconds !== undefined && (
      <Figure label="GPU time">
        {formatMs(gpuSeconds * 1e3)} {byCalls && <ByCalls />}
      </Figure>
    )}
    {joules !== undefined && (
      <Figure label="Energy">
        {formatEnergy(joules)} {source && <Aside>{source}</Aside>}
      </Figure>
    )}
    {usd !== undefined && <Figure label="Cost">{formatUsd(usd)}</Figure>}
  </>
);
const CLOCKS = {
  ahead: "It seems to start after it was stored: the clock of its host is ahead.",
  behind: "It seems to have ended more than a day before it was stored: the clock of its host is behind, or it was sent late.",
};

/** A moment with as many digits as the span's own length deserves. */
const offset = (ns: number, { duration_ns }: SpanNode) => formatTick(ns, Math.max(duration_ns / 100, 1), ns);

const Figure = ({ label, children }: { label: string; children: ReactNode }) => (
  <div className="min-w-0">
    <dt className="text-xs text-ink-faint">{label}</dt>
    <dd className="break-words">{children}</dd>
  </div>
);

const Aside = ({ children }: { children: ReactNode }) => <span className="text-ink-faint">{children}</span>;
