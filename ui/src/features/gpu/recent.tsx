/** The newest traces that ran on a GPU. */
import { Link } from "@tanstack/react-router";
import type { TraceSummary } from "@/api/types";
import { plural } from "@/format/number";
import type { RangeSearch } from "@/time-range/address";
import { classes } from "@/widgets/classes";
import { columnsOf } from "../traces/columns";

const SHOWN = 25;
const COLUMNS = columnsOf(undefined);

type RecentProps = { uuid: string; traces: TraceSummary[]; cut: boolean; search: RangeSearch; note?: string };

export function Recent({ uuid, traces, cut, search, note }: RecentProps) {
  const longest = traces.slice(0, SHOWN).reduce((most, trace) => Math.max(most, trace.duration_ms), 0);
  return (
    <section aria-labelledby="recent">
      <div className="mb-1.5 flex items-baseline gap-3 px-4">
        <h2 id="recent" className="font-semibold">
          Traces on this GPU
        </h2>
        {traces.length > 0 && (
          <Link to="/traces" search={{ ...search, gpu: uuid }} className="rounded text-sm text-accent hover:underline">
            {cut ? "All" : `All ${plural(traces.length, "trace")}`} in the list
          </Link>
        )}
      </div>
      {note ? (
        <p className="px-4 pb-6 text-ink-muted">{note}</p>
      ) : (
        <table aria-label="Traces on this GPU" className="w-full table-fixed border-separate border-spacing-0 border-t border-line bg-surface tabular">
          <thead>
            <tr>
              {COLUMNS.map(({ head, width, hide, right }) => (
                <th key={head} scope="col" className={classes("h-8 border-b border-line px-2 text-xs font-medium text-ink-muted first:pl-4 last:pr-4", right ? "text-right" : "text-left", width, hide)}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {traces.slice(0, SHOWN).map((trace) => (
              <tr key={trace.trace_id} data-trace={trace.trace_id} className="relative focus-within:bg-accent-soft hover:bg-raised">
                {COLUMNS.map(({ head, hide, right, cell }) => (
                  <td key={head} className={classes("h-[34px] overflow-hidden border-b border-line px-2 whitespace-nowrap first:pl-4 last:pr-4", right && "text-right", hide)}>
                    {cell({ trace, longest })}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
