/** One span's bar on the time axis, with what is special about it drawn in. */
import type { SpanNode } from "@/api/types";
import { toFraction, type Window } from "@/charts/scale";
import { formatMs } from "@/format/duration";
import { classes } from "@/widgets/classes";

const MILLI = 1e6;
const PREFILL = /(^|[\s._:/-])prefill$/i;

/** Where the first token came, in ns after the start of the span; undefined when it has none inside. */
export function firstTokenNs(span: SpanNode): number | undefined {
  const ns = span.ttft_ms === null ? undefined : span.ttft_ms * MILLI;
  return ns !== undefined && ns > 0 && ns < span.duration_ns ? ns : undefined;
}

export const isPrefill = (span: SpanNode) => PREFILL.test(span.name);

/** Beyond the window a bar goes on just far enough to look cut, so that widths stay small numbers. */
const cut = (fraction: number) => Math.min(Math.max(fraction, -0.0625), 1.0625);
const percent = (fraction: number) => `${fraction * 100}%`;

/** Pixels that "TTFT 999 ms" takes. */
const LABEL_PX = 100;

type BarProps = { span: SpanNode; window: Window; /** Pixels of the axis. */ width: number; color: string; dimmed: boolean };

export function Bar({ span, window, width, color, dimmed }: BarProps) {
  const from = span.start_offset_ns;
  const [first, last] = [toFraction(window, from), toFraction(window, from + span.duration_ns)];
  if (last < 0 || first > 1) return <Outside before={last < 0} />;
  const [start, end] = [cut(first), cut(last)];
  const token = firstTokenNs(span);
  const split = token === undefined ? undefined : cut(toFraction(window, from + token));
  return (
    <div className={classes("absolute inset-0", dimmed && "opacity-30")}>
      <div
        style={{ left: percent(start), width: percent(end - start), backgroundColor: color }}
        className={classes("absolute top-2 h-3 min-w-[2px] overflow-hidden rounded-[3px]", isPrefill(span) && "striped")}
      >
        {split !== undefined && <BeforeToken share={(split - start) / (end - start)} />}
      </div>
      {span.status === "error" && (
        <span style={{ left: percent(start), width: percent(end - start) }} className="absolute top-[5px] h-[18px] min-w-[6px] rounded-[5px] border-[1.5px] border-bad" />
      )}
      {split !== undefined && <TokenLabel span={span} split={split} end={end} width={width} />}
    </div>
  );
}

/** The stretch before the first token, up to the line where it came. */
const BeforeToken = ({ share }: { share: number }) => (
  <span style={{ width: percent(share) }} className="striped absolute inset-y-0 left-0 border-r-2 border-on-series" />
);

/** Says on which side of the window a span lies. */
const Outside = ({ before }: { before: boolean }) => (
  <span aria-hidden className={classes("absolute top-1 text-ink-faint", before ? "left-1.5" : "right-1.5")}>
    {before ? "‹" : "›"}
  </span>
);

type TokenLabelProps = { span: SpanNode; split: number; end: number; width: number };

/** The time to first token in words: behind its line, else behind the bar, where there is room. */
function TokenLabel({ span, split, end, width }: TokenLabelProps) {
  const inside = split >= 0 && (Math.min(end, 1) - split) * width > LABEL_PX;
  if (!inside && (1 - end) * width < LABEL_PX) return null;
  return (
    <span
      style={{ left: percent(inside ? split : end) }}
      className={classes("absolute top-1.5 ml-1.5 text-[10.5px] leading-4 font-medium whitespace-nowrap tabular", inside ? "text-on-series" : "text-ink-muted")}
    >
      TTFT {formatMs(span.ttft_ms!)}
    </span>
  );
}
