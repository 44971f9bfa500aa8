/** Shortest and longest duration to list. */
import { ChevronDown } from "lucide-react";
import { Popover } from "radix-ui";
import { type FormEvent, useState } from "react";
import { formatMs, parseMs } from "@/format/duration";
import { Button, buttonClasses } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { Field } from "@/widgets/field";
import { ClearHalf, PopoverPanel } from "@/widgets/picker";

type Bounds = { min?: number; max?: number };
type DurationFilterProps = Bounds & { onPick: (bounds: Bounds) => void };

const QUICK = [100, 1_000, 5_000, 30_000];

/** Say the bounds: "≥ 1.00 s", "≤ 50 ms", "50 ms – 1.00 s". */
export function describeBounds({ min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return `${formatMs(min)} – ${formatMs(max)}`;
  if (min !== undefined) return `≥ ${formatMs(min)}`;
  return max === undefined ? "" : `≤ ${formatMs(max)}`;
}

export function DurationFilter({ min, max, onPick }: DurationFilterProps) {
  const [open, setOpen] = useState(false);
  const pick = (bounds: Bounds) => {
    onPick(bounds);
    setOpen(false);
  };
  const said = describeBounds({ min, max });
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <div className="inline-flex">
        <Popover.Trigger className={classes(buttonClasses(said ? "on" : "plain"), said && "rounded-r-none border-r-0")}>
          {said ? (
            <span>
              Duration <span className="font-medium tabular">{said}</span>
            </span>
          ) : (
            "Duration"
          )}
          <ChevronDown size={13} aria-hidden className="opacity-70" />
        </Popover.Trigger>
        {said && <ClearHalf label="Clear duration" onClick={() => pick({})} />}
      </div>
      <PopoverPanel className="p-3">
        <div className="mb-3 flex gap-1.5">
          {QUICK.map((ms) => (
            <Button key={ms} className="flex-1 px-1!" onClick={() => pick({ min: ms })}>
              ≥ {formatMs(ms).replace(/\.0+(?= )/, "")}
            </Button>
          ))}
        </div>
        <Bounds min={min} max={max} onPick={pick} />
      </PopoverPanel>
    </Popover.Root>
  );
}

const written = (ms: number | undefined) => (ms === undefined ? "" : `${ms} ms`);

function Bounds({ min, max, onPick }: DurationFilterProps) {
  const [shortest, setShortest] = useState(written(min));
  const [longest, setLongest] = useState(written(max));
  const bounds = { min: parseMs(shortest), max: parseMs(longest) };
  const unread = (shortest.trim() && bounds.min === undefined) || (longest.trim() && bounds.max === undefined);
  const crossed = bounds.min !== undefined && bounds.max !== undefined && bounds.min > bounds.max;
  const problem = unread ? "Write a duration like 250 ms, 1.5 s or 40 µs" : crossed ? "The shortest is longer than the longest" : "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!problem) onPick(bounds);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-2.5">
      <div className="flex gap-2">
        <Field label="At least" placeholder="250 ms" value={shortest} onChange={(event) => setShortest(event.target.value)} />
        <Field label="At most" placeholder="1.5 s" value={longest} onChange={(event) => setLongest(event.target.value)} />
      </div>
      <p role="status" className="text-sm text-bad empty:-mt-2.5">{problem}</p>
      <Button type="submit" look="primary" disabled={Boolean(problem)} className="self-end">
        Apply
      </Button>
    </form>
  );
}
