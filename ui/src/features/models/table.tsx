/** Models side by side; each row leads to the traces that used its model. */
import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { Model } from "@/api/analytics";
import { classes } from "@/widgets/classes";
import { MODEL_COLUMNS, type ModelColumn, sorted } from "./columns";
import type { ModelSort } from "./search";

type ModelTableProps = {
  models: Model[];
  /** Names of the columns to show; all without it. */
  only?: ModelColumn["id"][];
  sort?: ModelSort;
  onSort?: (sort: ModelSort) => void;
  /** Of the traces behind the figures. */
  search: { from: string; to: string; service?: string };
};

const cell = "h-[34px] border-b border-line px-2 whitespace-nowrap first:pl-4 last:pr-4";

export function ModelTable({ models, only, sort = "requests", onSort, search }: ModelTableProps) {
  const columns = MODEL_COLUMNS.filter(({ id }) => !only || only.includes(id));
  return (
    <table aria-label="Models" className="w-full border-separate border-spacing-0 tabular max-md:pr-2">
      <thead>
        <tr>
          <Head id="name" head="Model" sort={sort} onSort={onSort} />
          {columns.map(({ id, head, hint, hide }) => (
            <Head key={id} id={id} head={head} hint={hint} sort={sort} onSort={onSort} className={classes("text-right", hide)} />
          ))}
        </tr>
      </thead>
      <tbody>
        {sorted(models, sort).map((model) => (
          <tr key={model.name} className="relative focus-within:bg-accent-soft hover:bg-raised">
            <td className={classes(cell, "w-full max-w-0")}>
              <Link
                to="/traces"
                search={{ ...search, model: model.name, setup: "false" }}
                title={model.name}
                className="block truncate font-medium outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
              >
                {model.name}
              </Link>
            </td>
            {columns.map((column) => (
              <td key={column.id} className={classes(cell, "text-right", column.hide)}>
                <Value column={column} model={model} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Value({ column: { value, format, bad }, model }: { column: ModelColumn; model: Model }) {
  const found = value(model);
  if (found === null || found === undefined || Number.isNaN(found)) return <span className="text-ink-faint">–</span>;
  return <span className={classes(bad && found > 0 && "text-bad")}>{format(found)}</span>;
}

type HeadProps = { id: ModelSort; head: string; hint?: string; sort: ModelSort; onSort?: (sort: ModelSort) => void; className?: string };

function Head({ id, head, hint, sort, onSort, className }: HeadProps) {
  const rising = id === "name";
  const chosen = sort === id && onSort !== undefined;
  const Arrow = rising ? ArrowUp : ArrowDown;
  return (
    <th scope="col" title={hint} aria-sort={chosen ? (rising ? "ascending" : "descending") : undefined} className={classes("h-8 border-b border-line px-2 text-xs font-medium whitespace-nowrap text-ink-muted first:pl-4 last:pr-4", rising && "text-left", className)}>
      {onSort ? (
        <button type="button" onClick={() => onSort(id)} className={classes("-mx-1 inline-flex h-6 items-center gap-1 rounded px-1 hover:text-ink", chosen && "text-ink")}>
          {head}
          {chosen && <Arrow size={12} aria-hidden />}
        </button>
      ) : (
        head
      )}
    </th>
  );
}
