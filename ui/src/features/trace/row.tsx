/** One span as a row: its place in the tree on the left, its bar on the right. */
import { ChevronRight, CircleAlert } from "lucide-react";
import { memo } from "react";
import type { SpanNode } from "@/api/types";
import type { Window } from "@/charts/scale";
import { formatNs } from "@/format/duration";
import { formatCompact } from "@/format/number";
import { classes } from "@/widgets/classes";
import { Bar } from "./bar";
import type { Stretch } from "./critical-path";
import { CriticalMarks } from "./critical-marks";

export const ROW = 28;

export type RowProps = {
  span: SpanNode;
  index: number;
  top: number;
  /** Pixels a level is moved in. */
  indent: number;
  /** How many spans are below, 0 at a leaf. */
  below: number;
  collapsed: boolean;
  selected: boolean;
  match: boolean;
  dimmed: boolean;
  /** Where it is on the critical path, when that is shown. */
  critical: Stretch[] | undefined;
  /** Same service as its parent's: said once is enough. */
  quiet: boolean;
  color: string;
  window: Window;
  /** Pixels of the axis. */
  width: number;
  onSelect: (index: number) => void;
  onToggle: (index: number) => void;
  onZoom: (index: number) => void;
};

export const rowId = (index: number) => `span-${index}`;

export const Row = memo(function Row(props: RowProps) {
  const { span, index, top, below, collapsed, selected, match } = props;
  return (
    <div
      id={rowId(index)}
      role="treeitem"
      tabIndex={-1}
      aria-level={span.depth + 1}
      aria-expanded={below > 0 ? !collapsed : undefined}
      aria-selected={selected}
      data-span={span.span_id}
      style={{ height: ROW, transform: `translateY(${top}px)` }}
      onClick={() => props.onSelect(index)}
      onDoubleClick={() => props.onZoom(index)}
      className={classes(
        "absolute inset-x-0 top-0 flex cursor-pointer outline-none",
        selected ? "bg-accent-soft shadow-[inset_2px_0_var(--color-accent)]" : match ? "bg-warn-soft" : "hover:bg-raised/70",
      )}
    >
      <Name {...props} />
      <div className="relative min-w-0 flex-1 overflow-hidden">
        <div className="absolute inset-y-0 right-3 left-0">
          <Bar span={span} window={props.window} width={props.width} color={props.color} dimmed={props.dimmed || props.critical?.length === 0} />
          {props.critical && <CriticalMarks stretches={props.critical} window={props.window} width={props.width} />}
        </div>
      </div>
    </div>
  );
});

function Name({ span, index, indent, below, collapsed, dimmed, quiet, color, onToggle }: RowProps) {
  return (
    <div className={classes("@container flex w-(--names) shrink-0 items-center overflow-hidden pr-3 pl-2 whitespace-nowrap", dimmed && "opacity-45")}>
      <Guides depth={span.depth} indent={indent} />
      {below > 0 ? (
        <button
          type="button"
          tabIndex={-1}
          aria-hidden
          title={collapsed ? "Expand" : "Collapse"}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(index);
          }}
          onDoubleClick={(event) => event.stopPropagation()}
          className="grid size-5 pointer-coarse:-mx-1 pointer-coarse:size-7 shrink-0 place-items-center rounded text-ink-muted hover:bg-line hover:text-ink"
        >
          <ChevronRight size={13} aria-hidden className={classes("transition-transform", !collapsed && "rotate-90")} />
        </button>
      ) : (
        <span className="w-5 shrink-0" />
      )}
      <span aria-hidden style={{ backgroundColor: color }} className="mr-2 ml-0.5 h-3.5 w-[3px] shrink-0 rounded-full" />
      {span.status === "error" && <CircleAlert size={13} aria-label="Error" className="mr-1.5 shrink-0 text-bad" />}
      <span title={span.name} className={classes("truncate", span.status === "error" && "text-bad")}>
        {span.name}
      </span>
      {!quiet && <span className="ml-2 shrink-[3] truncate text-xs text-ink-faint @max-[330px]:hidden">{span.service_name}</span>}
      {collapsed && below > 0 && (
        <span title={`${below} spans below`} className="ml-2 shrink-0 rounded bg-raised px-1.5 text-xs text-ink-muted tabular">
          +{formatCompact(below)}
        </span>
      )}
      <span className="ml-auto w-[72px] shrink-0 pl-2 text-right text-sm text-ink-muted tabular @max-[230px]:hidden">{formatNs(span.duration_ns)}</span>
    </div>
  );
}

/** A thin line for each level above. */
export const Guides = ({ depth, indent }: { depth: number; indent: number }) => (
  <span
    aria-hidden
    style={{ width: depth * indent, backgroundSize: `${indent}px 100%` }}
    className="h-full shrink-0 bg-[linear-gradient(to_right,transparent_9px,var(--color-line)_9px_10px,transparent_10px)]"
  />
);
