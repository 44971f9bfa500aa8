/** The trace list: a real table of which only the rows in sight are in the document. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect } from "react";
import type { TraceSort, TraceSummary } from "@/api/types";
import { classes } from "@/widgets/classes";
import { Skeleton } from "@/widgets/skeleton";
import { COLUMNS, type Column } from "./columns";

const ROW = 34;

type TraceTableProps = {
  traces: TraceSummary[];
  scroller: HTMLDivElement | null;
  sort: TraceSort;
  onSort: (sort: TraceSort) => void;
  onNearEnd: () => void;
  /** The row that has the keyboard, or -1. */
  active: number;
};

export function TraceTable({ traces, scroller, sort, onSort, onNearEnd, active }: TraceTableProps) {
  const rows = useVirtualizer({
    count: traces.length,
    getScrollElement: () => scroller,
    estimateSize: () => ROW,
    overscan: 12,
    scrollPaddingStart: 36,
  });
  const items = rows.getVirtualItems();
  const [first, last] = [items[0], items.at(-1)];
  const nearEnd = last !== undefined && last.index >= traces.length - 30;
  useEffect(() => {
    if (nearEnd) onNearEnd();
  }, [nearEnd, onNearEnd]);
  useEffect(() => {
    if (active >= 0) focusRow(active, () => rows.scrollToIndex(active, { align: "auto" }));
  }, [active, rows]);
  const longest = traces.reduce((most, trace) => Math.max(most, trace.duration_ms), 0);
  return (
    <table aria-label="Traces" aria-rowcount={traces.length + 1} className="w-full table-fixed border-separate border-spacing-0 tabular">
      <TraceHead sort={sort} onSort={onSort} />
      <tbody>
        <Spacer height={first?.start ?? 0} />
        {items.map(({ index }) => (
          <TraceRow key={traces[index]!.trace_id} trace={traces[index]!} index={index} longest={longest} />
        ))}
        <Spacer height={rows.getTotalSize() - (last?.end ?? 0)} />
      </tbody>
    </table>
  );
}

/** Scroll to a row, and give it the focus once it is drawn. */
function focusRow(index: number, scroll: () => void) {
  scroll();
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-row="${index}"] a`)?.focus({ preventScroll: true }));
}

const Spacer = ({ height }: { height: number }) =>
  height > 0 ? (
    <tr aria-hidden>
      <td style={{ height }} className="p-0" />
    </tr>
  ) : null;

function TraceHead({ sort, onSort }: Pick<TraceTableProps, "sort" | "onSort">) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {COLUMNS.map((column) => (
          <Head key={column.head} column={column} sort={sort} onSort={onSort} />
        ))}
      </tr>
    </thead>
  );
}

const edge = "first:pl-4 last:pr-4";

function Head({ column, sort, onSort }: { column: Column } & Pick<TraceTableProps, "sort" | "onSort">) {
  const falling = sort === `-${column.sort}`;
  const sorted = falling || sort === column.sort;
  return (
    <th
      scope="col"
      aria-sort={sorted ? (falling ? "descending" : "ascending") : undefined}
      className={classes(
        "sticky top-0 z-10 h-8 border-b border-line bg-surface px-2 text-xs font-medium text-ink-muted",
        column.right ? "text-right" : "text-left",
        edge,
        column.width,
        column.hide,
      )}
    >
      {column.sort ? (
        <button
          type="button"
          onClick={() => onSort(falling ? column.sort! : `-${column.sort!}`)}
          className={classes("-mx-1 inline-flex h-6 items-center gap-1 rounded px-1 hover:text-ink", sorted && "text-ink")}
        >
          {column.head}
          {sorted && (falling ? <ArrowDown size={12} aria-hidden /> : <ArrowUp size={12} aria-hidden />)}
        </button>
      ) : (
        column.head
      )}
    </th>
  );
}

function TraceRow({ trace, index, longest }: { trace: TraceSummary; index: number; longest: number }) {
  return (
    <tr
      data-row={index}
      data-trace={trace.trace_id}
      aria-rowindex={index + 2}
      className="group relative focus-within:bg-accent-soft hover:bg-raised focus-within:hover:bg-accent-soft"
    >
      {COLUMNS.map((column) => (
        <td
          key={column.head}
          style={{ height: ROW }}
          className={classes(
            "overflow-hidden border-b border-line px-2 py-0 whitespace-nowrap",
            column.right && "text-right",
            edge,
            column.hide,
          )}
        >
          {column.cell({ trace, longest })}
        </td>
      ))}
    </tr>
  );
}

export const TableSkeleton = ({ sort, onSort }: Pick<TraceTableProps, "sort" | "onSort">) => (
  <table aria-label="Traces" aria-busy className="w-full table-fixed border-separate border-spacing-0">
    <TraceHead sort={sort} onSort={onSort} />
    <tbody>
      {Array.from({ length: 16 }, (_, row) => (
        <tr key={row}>
          {COLUMNS.map((column, place) => (
            <td key={column.head} style={{ height: ROW }} className={classes("border-b border-line px-2", edge, column.hide)}>
              <Skeleton className={["w-24", "w-3/5", "w-20", "w-28", "w-9", "w-full", "w-full", "w-full", "w-full", "w-full"][place]} />
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
);
