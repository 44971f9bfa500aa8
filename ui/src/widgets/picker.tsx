/** A button that opens a searchable list to pick one value from, or none. */
import { Check, ChevronDown, X } from "lucide-react";
import { Popover } from "radix-ui";
import { type ComponentProps, type KeyboardEvent, useId, useState } from "react";
import { buttonClasses } from "./button";
import { classes } from "./classes";

type PickerProps = {
  label: string;
  options: string[];
  value: string | undefined;
  onPick: (value: string | undefined) => void;
  /** What a value is shown as, where it is not its own name. */
  write?: (value: string) => string;
  /** There is always a value. */
  required?: boolean;
};

const asIs = (value: string) => value;

export function Picker({ label, options, value, onPick, write = asIs, required = false }: PickerProps) {
  const [open, setOpen] = useState(false);
  const pick = (next: string | undefined) => {
    onPick(next);
    setOpen(false);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <div className="inline-flex">
        <Popover.Trigger className={classes(buttonClasses(value && !required ? "on" : "plain"), value && !required && "rounded-r-none border-r-0")}>
          {value ? (
            <span className="max-w-44 truncate">
              {label}: <span className="font-medium">{write(value)}</span>
            </span>
          ) : (
            label
          )}
          <ChevronDown size={13} aria-hidden className="opacity-70" />
        </Popover.Trigger>
        {value && !required && <ClearHalf label={`Clear ${label.toLowerCase()}`} onClick={() => pick(undefined)} />}
      </div>
      <PopoverPanel>
        <Options label={label} options={options} value={value} onPick={pick} write={write} />
      </PopoverPanel>
    </Popover.Root>
  );
}

/** The right half of an active filter: takes the filter away. */
export const ClearHalf = ({ label, onClick }: { label: string; onClick: () => void }) => (
  <button type="button" aria-label={label} onClick={onClick} className={classes(buttonClasses("on"), "rounded-l-none px-1.5!")}>
    <X size={13} aria-hidden />
  </button>
);

export const PopoverPanel = ({ className, ...rest }: ComponentProps<typeof Popover.Content>) => (
  <Popover.Portal>
    <Popover.Content
      align="start"
      sideOffset={5}
      collisionPadding={8}
      className={classes("z-40 w-64 rounded-lg border border-line-strong bg-surface shadow-float focus:outline-none", className)}
      {...rest}
    />
  </Popover.Portal>
);

function Options({ label, options, value, onPick, write = asIs }: PickerProps) {
  const [text, setText] = useState("");
  const [active, setActive] = useState(0);
  const id = useId();
  const shown = options.filter((option) => write(option).toLowerCase().includes(text.toLowerCase()));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setActive(Math.max(0, Math.min(shown.length - 1, active + step)));
    else if (event.key === "Enter" && shown[active] !== undefined) onPick(shown[active]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        role="combobox"
        aria-label={`Filter ${label.toLowerCase()}`}
        aria-expanded
        aria-controls={id}
        aria-activedescendant={shown.length > 0 ? `${id}-${active}` : undefined}
        value={text}
        placeholder={`Find a ${label.toLowerCase()}…`}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
        className="h-9 w-full border-b border-line bg-transparent px-3 text-sm outline-none"
      />
      <div role="listbox" id={id} aria-label={label} tabIndex={-1} className="max-h-[302px] overflow-y-auto p-1">
        {shown.map((option, index) => (
          <div
            key={option}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={option === value}
            onClick={() => onPick(option === value ? undefined : option)}
            onKeyDown={onKeyDown}
            onPointerMove={() => setActive(index)}
            className={classes("flex h-7 items-center gap-2 rounded px-2 text-sm", index === active && "bg-raised")}
          >
            <span className="min-w-0 flex-1 truncate" title={option}>
              {write(option)}
            </span>
            {option === value && <Check size={13} className="text-accent" aria-hidden />}
          </div>
        ))}
      </div>
      {shown.length === 0 && (
        <p className="px-3 pt-1 pb-3 text-sm text-ink-faint">{text ? "Nothing matches" : "None in this time range"}</p>
      )}
    </>
  );
}
