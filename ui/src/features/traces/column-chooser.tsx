/** Which columns the list has; the address keeps them. */
import { Columns3 } from "lucide-react";
import { Popover } from "radix-ui";
import { buttonClasses } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { PopoverPanel } from "@/widgets/picker";
import { COLUMNS, columnsOf, withColumn } from "./columns";

type ColumnChooserProps = { names: string | undefined; onPick: (names: string | undefined) => void };

export function ColumnChooser({ names, onPick }: ColumnChooserProps) {
  const shown = columnsOf(names);
  return (
    <Popover.Root>
      <Popover.Trigger aria-label="Columns" title="Columns" className={classes(buttonClasses("quiet"), "w-7 px-0!")}>
        <Columns3 size={15} strokeWidth={1.9} aria-hidden />
      </Popover.Trigger>
      <PopoverPanel align="end" className="w-48! p-1.5">
        <fieldset>
          <legend className="px-2 pt-1 pb-1.5 text-xs font-medium text-ink-muted">Columns</legend>
          {COLUMNS.filter(({ id }) => id !== "trace").map((column) => (
            <label key={column.id} className="flex h-7 items-center gap-2 rounded px-2 text-sm hover:bg-raised">
              <input
                type="checkbox"
                checked={shown.includes(column)}
                onChange={(event) => onPick(withColumn(names, column.id, event.target.checked))}
                className="accent-accent"
              />
              {column.head}
            </label>
          ))}
        </fieldset>
      </PopoverPanel>
    </Popover.Root>
  );
}
