/** A search field that tells its text once the typing pauses; Esc clears it, then leaves it. */
import { Search, X } from "lucide-react";
import { type KeyboardEvent, type Ref, useEffect, useRef, useState } from "react";
import { classes } from "./classes";
import { inputClasses } from "./field";
import { Kbd } from "./kbd";

type SearchBoxProps = {
  label: string;
  placeholder: string;
  value: string;
  onSearch: (text: string) => void;
  onEnter?: (backwards: boolean) => void;
  ref?: Ref<HTMLInputElement>;
  className?: string;
  delayMs?: number;
  /** Whether "/" leads here. */
  shortcut?: boolean;
};

export function SearchBox({ label, placeholder, value, onSearch, onEnter, ref, className, delayMs = 250, shortcut = true }: SearchBoxProps) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  useEffect(() => {
    if (value !== told.current) setText(value);
    told.current = value;
  }, [value]);
  const tell = (next: string) => {
    if (next === told.current) return;
    told.current = next;
    onSearch(next);
  };
  useEffect(() => {
    if (text === told.current) return;
    const timer = setTimeout(() => tell(text), delayMs);
    return () => clearTimeout(timer);
  });
  const clear = () => {
    setText("");
    tell("");
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Escape") {
      if (text) clear();
      else event.currentTarget.blur();
      event.stopPropagation();
    } else if (event.key === "Enter") {
      tell(text);
      onEnter?.(event.shiftKey);
    }
  };
  return (
    <div className={classes("relative", className)}>
      <Search size={13} aria-hidden className="pointer-events-none absolute top-[7.5px] left-2.5 pointer-coarse:top-[11.5px] text-ink-faint" />
      <input
        ref={ref}
        type="text"
        role="searchbox"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        className={classes(inputClasses, "bg-surface! pr-7 pl-8!")}
      />
      {text ? (
        <button type="button" aria-label={`Clear ${label.toLowerCase()}`} onClick={clear} className="absolute top-1 right-1 pointer-coarse:top-0.5 pointer-coarse:right-0.5 pointer-coarse:size-8 grid size-5 place-items-center rounded text-ink-muted hover:bg-raised">
          <X size={13} aria-hidden />
        </button>
      ) : shortcut && (
        <span className="pointer-events-none absolute top-[5px] right-1.5 pointer-coarse:hidden">
          <Kbd>/</Kbd>
        </span>
      )}
    </div>
  );
}
