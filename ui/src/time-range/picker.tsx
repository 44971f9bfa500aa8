/** The range button: presets, a typed length, or two moments. */
import { ChevronDown, Clock } from "lucide-react";
import { Popover } from "radix-ui";
import { type FormEvent, useState } from "react";
import { formatClock, formatDay } from "@/format/time";
import { Button, buttonClasses } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { Field } from "@/widgets/field";
import { PopoverPanel } from "@/widgets/picker";
import { describe, isRelative, parseRange, PRESETS, resolve, type TimeRange } from "./range";

type TimeRangePickerProps = { range: TimeRange; onPick: (range: TimeRange) => void };

export function TimeRangePicker({ range, onPick }: TimeRangePickerProps) {
  const [open, setOpen] = useState(false);
  const pick = (next: TimeRange) => {
    onPick(next);
    setOpen(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger aria-label={`Time range: ${describe(range)}`} className={buttonClasses("plain")}>
        <Clock size={13} aria-hidden className="text-ink-muted" />
        <span className="tabular">{describe(range)}</span>
        <ChevronDown size={13} aria-hidden className="opacity-70" />
      </Popover.Trigger>
      <PopoverPanel className="flex w-[420px]! max-w-[calc(100vw-16px)] max-sm:flex-col">
        <div className="w-40 shrink-0 border-line p-1.5 max-sm:grid max-sm:w-full max-sm:grid-cols-2 max-sm:border-b sm:border-r">
          {PRESETS.map((preset) => (
            <Preset key={preset} preset={preset} range={range} onPick={pick} />
          ))}
        </div>
        <CustomRange range={range} onPick={pick} />
      </PopoverPanel>
    </Popover.Root>
  );
}

function Preset({ preset, range, onPick }: { preset: string } & TimeRangePickerProps) {
  const chosen = isRelative(range) && range.range === preset;
  return (
    <button
      type="button"
      aria-pressed={chosen}
      onClick={() => onPick({ range: preset })}
      className={classes(
        "flex h-7 w-full items-center rounded px-2 text-left text-sm",
        chosen ? "bg-accent-soft font-medium text-accent" : "hover:bg-raised",
      )}
    >
      {describe({ range: preset })}
    </button>
  );
}

/** What an `<input type=datetime-local>` takes: the local clock, without a zone. */
function localInput(stamp: string): string {
  const date = new Date(stamp);
  return `${formatDay(date)}T${formatClock(date)}`;
}

function CustomRange({ range, onPick }: TimeRangePickerProps) {
  const [window] = useState(() => resolve(range));
  const [from, setFrom] = useState(localInput(window.from));
  const [to, setTo] = useState(localInput(window.to));
  const [length, setLength] = useState("");
  const typed = length.trim().toLowerCase();
  const problem = typed && !parseRange(typed) ? "Write a length like 90m, 3h or 2d" : !typed && !(from < to) ? "The start must be before the end" : "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (problem) return;
    onPick(typed ? { range: typed } : { from: new Date(from).toISOString(), to: new Date(to).toISOString() });
  };
  return (
    <form onSubmit={submit} className="flex min-w-0 flex-1 flex-col gap-2.5 p-3">
      <Field label="From" type="datetime-local" step={1} value={from} onChange={(event) => setFrom(event.target.value)} />
      <Field label="To" type="datetime-local" step={1} value={to} onChange={(event) => setTo(event.target.value)} />
      <Field label="Or the last…" placeholder="90m, 3h, 2d" value={length} onChange={(event) => setLength(event.target.value)} />
      <p role="status" className="min-h-[18px] text-sm text-bad">{problem}</p>
      <Button type="submit" look="primary" disabled={Boolean(problem)} className="self-end">
        Apply
      </Button>
    </form>
  );
}
