/** Services by the requests that pass through them. */
import { Link } from "@tanstack/react-router";
import type { RequestGroup } from "@/api/analytics";
import { formatMs } from "@/format/duration";
import { formatCompact } from "@/format/number";
import { formatRate } from "@/format/quantity";
import { classes } from "@/widgets/classes";

type ServicesProps = { services: RequestGroup[]; search: { from: string; to: string; model?: string } };

const MOST = 12;
const cell = "h-[34px] border-b border-line px-2 text-right whitespace-nowrap first:pl-4 first:text-left last:pr-4";
const head = "h-8 border-b border-line px-2 text-right text-xs font-medium whitespace-nowrap text-ink-muted first:pl-4 first:text-left last:pr-4";

const ms = (value: number | null) => (value === null ? "–" : formatMs(value));

export function Services({ services, search }: ServicesProps) {
  return (
    <table aria-label="Services" className="w-full border-separate border-spacing-0 tabular max-sm:pr-2">
      <thead>
        <tr>
          {["Service", "Requests", "Errors", "E2E p50", "E2E p95", "E2E p99"].map((name, place) => (
            <th key={name} scope="col" className={classes(head, (place === 3 || place === 5) && "max-sm:hidden")}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {services.slice(0, MOST).map(({ name, requests, errors, duration_ms: { p50, p95, p99 } }) => (
          <tr key={name} className="relative focus-within:bg-accent-soft hover:bg-raised">
            <td className={classes(cell, "w-full max-w-0")}>
              <Link to="/traces" search={{ ...search, service: name, setup: "false" }} title={name} className="block truncate font-medium outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent">
                {name || "(no name)"}
              </Link>
            </td>
            <td className={cell}>{formatCompact(requests)}</td>
            <td className={classes(cell, errors > 0 && "text-bad")}>{formatRate(errors / requests)}</td>
            <td className={classes(cell, "max-sm:hidden")}>{ms(p50)}</td>
            <td className={cell}>{ms(p95)}</td>
            <td className={classes(cell, "max-sm:hidden")}>{ms(p99)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
