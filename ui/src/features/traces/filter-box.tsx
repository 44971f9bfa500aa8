/** All filters as one text: what is typed is read by the server, and what is wrong with it is said beside it. */
import { Search, X } from "lucide-react";
import { type KeyboardEvent, type RefObject, useEffect, useId, useRef, useState } from "react";
import { readFilter, type WrittenFilter } from "@/api/analytics";
import { classes } from "@/widgets/classes";
import { inputClasses } from "@/widgets/field";
import { Kbd } from "@/widgets/kbd";
import { type TracesSearch, withWritten } from "./search";
import { writeFilters } from "./written";

const DELAY_MS = 300;

type FilterBoxProps = { search: TracesSearch; onChange: (search: TracesSearch, replace?: boolean) => void; box: RefObject<HTMLInputElement | null>; className?: string };

export function FilterBox({ search, onChange, box, className }: FilterBoxProps) {
  const { text, type, fault, settle, submit } = useWritten(search, onChange);
  const id = useId();
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Enter") submit(text);
    else if (event.key !== "Escape") return;
    else if (text) submit("");
    else event.currentTarget.blur();
    event.stopPropagation();
  };
  return (
    <div className={classes("relative", className)}>
      <Search size={13} aria-hidden className="pointer-events-none absolute top-[7.5px] left-2.5 pointer-coarse:top-[11.5px] text-ink-faint" />
      <input
        ref={box}
        type="text"
        role="searchbox"
        aria-label="Filter traces"
        aria-invalid={fault !== undefined}
        aria-describedby={fault && id}
        placeholder="Name or trace id, service:api, duration>2s…"
        title={'Words are looked for in names of spans and services and in trace ids. service:api model:"my model" status:error setup:true gpu:GPU-1 duration>2s key:value key!=value key>5 key:*'}
        value={text}
        maxLength={2000}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => type(event.target.value)}
        onBlur={settle}
        onKeyDown={onKeyDown}
        className={classes(inputClasses, "bg-surface! pr-7 pl-8!", fault && "border-bad!")}
      />
      {text ? (
        <button type="button" aria-label="Clear all filters" onClick={() => submit("")} className="absolute top-1 right-1 pointer-coarse:top-0.5 pointer-coarse:right-0.5 pointer-coarse:size-8 grid size-5 place-items-center rounded text-ink-muted hover:bg-raised">
          <X size={13} aria-hidden />
        </button>
      ) : (
        <span className="pointer-events-none absolute top-[5px] right-1.5 pointer-coarse:hidden">
          <Kbd>/</Kbd>
        </span>
      )}
      <div role="status">{fault && <FaultNote id={id} text={text} fault={fault} />}</div>
    </div>
  );
}

type Fault = NonNullable<WrittenFilter["fault"]>;

/** The text up to the fault, with the place marked, and what to write there. */
function FaultNote({ id, text, fault: { position, message } }: { id: string; text: string; fault: Fault }) {
  const from = Math.max(position - 24, 0);
  return (
    <p id={id} className="absolute top-full left-0 z-30 mt-1 w-max max-w-[min(440px,calc(100vw-32px))] rounded-md border border-line-strong bg-surface px-3 py-1.5 text-sm shadow-float">
      <code className="block truncate font-mono text-ink-muted">
        {from > 0 && "…"}
        {text.slice(from, position)}
        <mark className="bg-bad-soft text-bad">{text.slice(position, position + 16) || "▏"}</mark>
      </code>
      Character {position + 1}: {message}
    </p>
  );
}

/** The text while it is typed: it is read once the typing pauses, and written anew when the filters change elsewhere. */
function useWritten(search: TracesSearch, onChange: FilterBoxProps["onChange"]) {
  const written = writeFilters(search);
  const [text, setText] = useState(written);
  const [fault, setFault] = useState<Fault>();
  const told = useRef(written); // the filters as this box last knew them
  const asked = useRef(written); // the text that was read last
  useEffect(() => {
    if (written === told.current) return;
    told.current = asked.current = written;
    setText(written);
    setFault(undefined);
  }, [written]);
  const submit = async (next: string) => {
    asked.current = next;
    setText(next);
    const read = await readFilter(next).catch((error: Error) => ({ fault: { position: 0, message: error.message } }) as WrittenFilter);
    if (asked.current !== next) return;
    setFault(read.fault ?? undefined);
    if (read.fault) return;
    const changed = withWritten(search, read);
    told.current = writeFilters(changed);
    if (told.current !== written) onChange(changed, true);
  };
  useEffect(() => {
    if (text === asked.current) return;
    const timer = setTimeout(() => void submit(text), DELAY_MS);
    return () => clearTimeout(timer);
  });
  const type = (next: string) => {
    setText(next);
    setFault(undefined);
  };
  const settle = () => {
    if (!fault && told.current === written) setText(written);
  };
  return { text, type, fault, settle, submit: (next: string) => void submit(next) };
}
