/** The trace list: a real table of which only the rows in sight are in the document. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useEffect } from "react";
import type { TraceSort, TraceSummary } from "@/api/types";
import { classes } from "@/widgets/classes";
import { Skeleton } from "@/widgets/skeleton";
import type { Column } from "./columns";

const ROW = 34;

type TraceTableProps = {
  traces: TraceSummary[];
  columns: Column[];
  scroller: HTMLDivElement | null;
  sort: TraceSort;
  onSort: (sort: TraceSort) => void;
  onNearEnd: () => void;
  /** The row that has the keyboard, or -1. */
  active: number;
};

export function TraceTable({ traces, columns, scroller, sort, onSort, onNearEnd, active }: TraceTableProps) {
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
    <table aria-label="Traces" aria-rowcount={traces.length + 1} className="w-full table-fixed border-separate border-spacing-0 tabular max-sm:pr-2">
      <TraceHead columns={columns} sort={sort} onSort={onSort} />
      <tbody>
        <Spacer height={first?.start ?? 0} />
        {items.map(({ index }) => (
          <TraceRow key={traces[index]!.trace_id} trace={traces[index]!} columns={columns} index={index} longest={longest} />
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

function TraceHead({ columns, sort, onSort }: Pick<TraceTableProps, "columns" | "sort" | "onSort">) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map((column) => (
          <Head key={column.id} column={column} sort={sort} onSort={onSort} />
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

function TraceRow({ trace, columns, index, longest }: { trace: TraceSummary; columns: Column[]; index: number; longest: number }) {
  return (
    <tr
      data-row={index}
      data-trace={trace.trace_id}
      aria-rowindex={index + 2}
      className="group relative focus-within:bg-accent-soft hover:bg-raised focus-within:hover:bg-accent-soft"
    >
      {columns.map((column) => (
        <td
          key={column.id}
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

export const TableSkeleton = ({ columns, sort, onSort }: Pick<TraceTableProps, "columns" | "sort" | "onSort">) => (
  <table aria-label="Traces" aria-busy className="w-full table-fixed border-separate border-spacing-0">
    <TraceHead columns={columns} sort={sort} onSort={onSort} />
    <tbody>
      {Array.from({ length: 16 }, (_, row) => (
        <tr key={row}>
          {columns.map((column) => (
            <td key={column.id} style={{ height: ROW }} className={classes("border-b border-line px-2", edge, column.hide)}>
              <Skeleton className={column.width ? "w-full" : "w-3/5"} />
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
);
