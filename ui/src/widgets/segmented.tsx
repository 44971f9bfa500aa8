/** One of a few values, all in sight. */
import { classes } from "./classes";

type SegmentedProps<Value extends string> = {
  label: string;
  options: { value: Value; label: string }[];
  value: Value;
  onPick: (value: Value) => void;
};

export function Segmented<Value extends string>({ label, options, value, onPick }: SegmentedProps<Value>) {
  return (
    <div role="group" aria-label={label} className="inline-flex h-7 shrink-0 pointer-coarse:h-9 rounded-md border border-line-strong bg-surface p-0.5">
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onPick(option.value)}
          className={classes(
            "rounded-[4px] px-2 text-sm transition-colors",
            option.value === value ? "bg-raised font-medium text-ink" : "text-ink-muted hover:text-ink",
          )}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
