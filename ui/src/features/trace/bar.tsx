/** One span's bar on the time axis, with what is special about it drawn in. */
import type { SpanNode } from "@/api/types";
import { toFraction, type Window } from "@/charts/scale";
import { formatMs, formatNs } from "@/format/duration";
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
const cut = (fraction: number) => Math.min(Math.max(fraction, -0.02), 1.02);
const percent = (fraction: number) => `${fraction * 100}%`;

type BarProps = { span: SpanNode; window: Window; color: string; dimmed: boolean };

export function Bar({ span, window, color, dimmed }: BarProps) {
  const { start_offset_ns: from, duration_ns: length } = span;
  const [start, end] = [toFraction(window, from), toFraction(window, from + length)];
  if (end < 0 || start > 1) return <Outside before={end < 0} />;
  const failed = span.status === "error";
  const token = firstTokenNs(span);
  const place = { left: percent(cut(start)), width: percent(cut(end) - cut(start)) };
  return (
    <div className={classes("absolute inset-0", dimmed && "opacity-30")}>
      <div
        style={{ ...place, backgroundColor: color }}
        className={classes(
          "absolute top-[7px] h-3.5 min-w-[2px] overflow-hidden rounded-[3px]",
          isPrefill(span) && "striped",
          failed && "ring-[1.5px] ring-bad ring-inset",
        )}
      >
        {token !== undefined && <Prefill share={(cut(toFraction(window, from + token)) - cut(start)) / (cut(end) - cut(start))} />}
        {failed && <span className="absolute inset-y-0 right-0 w-[3px] bg-bad" />}
      </div>
      <Label start={start} end={end} span={span} token={token} />
    </div>
  );
}

/** The stretch before the first token, and the line where it came. */
const Prefill = ({ share }: { share: number }) => (
  <span style={{ width: percent(share) }} className="striped absolute inset-y-0 left-0 border-r-2 border-ink" />
);

/** Says on which side of the window a span lies. */
const Outside = ({ before }: { before: boolean }) => (
  <span className={classes("absolute top-1.5 text-ink-faint", before ? "left-1" : "right-1")}>{before ? "‹" : "›"}</span>
);

type LabelProps = { start: number; end: number; span: SpanNode; token: number | undefined };

function Label({ start, end, span, token }: LabelProps) {
  const side = end < 0.86 ? "after" : start > 0.14 ? "before" : "inside";
  const style =
    side === "after"
      ? { left: percent(cut(end)), marginLeft: 6 }
      : { right: percent(1 - cut(side === "before" ? start : Math.min(end, 1))), marginRight: 6 };
  return (
    <span
      style={style}
      className={classes(
        "absolute top-[5px] flex gap-2 rounded-sm text-xs whitespace-nowrap text-ink-muted tabular",
        side === "inside" && "bg-surface/90 px-1 text-ink!",
      )}
    >
      {formatNs(span.duration_ns)}
      {token !== undefined && <span className="text-ink-faint">TTFT {formatMs(span.ttft_ms!)}</span>}
    </span>
  );
}
