/** An empty list explains itself: what hid the traces, or how to send the first one. */
import { useQuery } from "@tanstack/react-query";
import { SearchX, Sparkles, X } from "lucide-react";
import { anyTraceQuery } from "@/api/queries";
import { rangeOf } from "@/time-range/address";
import { Button } from "@/widgets/button";
import { Snippet } from "@/widgets/snippet";
import { hasFilters, type TracesSearch, withoutFilters, withRange } from "./search";
import { chipsOf } from "./written";
import { describe, isRelative, type TimeRange, widen } from "@/time-range/range";

type EmptyProps = { search: TracesSearch; onChange: (search: TracesSearch) => void };

export function Empty({ search, onChange }: EmptyProps) {
  const any = useQuery(anyTraceQuery);
  if (any.isPending) return null;
  return any.data?.items.length === 0 ? <FirstTrace /> : <Hidden search={search} onChange={onChange} />;
}

/** "in the last hour", "between 10:00:00 and 11:00:00". */
const within = (range: TimeRange) =>
  isRelative(range) ? `in the ${describe(range).toLowerCase()}` : `between ${describe(range).replace(" – ", " and ")}`;

function Hidden({ search, onChange }: EmptyProps) {
  const range = rangeOf(search);
  const wider = widen(range);
  const filtered = hasFilters(search);
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-3 px-6 py-16 text-center">
      <SearchX size={26} strokeWidth={1.6} aria-hidden className="text-ink-faint" />
      <h2 className="text-lg font-semibold">No traces here</h2>
      <p className="text-ink-muted">
        There are traces, but none {filtered ? "matches these filters" : "started"} {within(range)}.
      </p>
      {filtered && (
        <ul aria-label="Filters" className="flex flex-wrap justify-center gap-2">
          {chipsOf(search).map(({ label, without }) => (
            <li key={label}>
              <Button look="on" aria-label={`Without ${label}`} onClick={() => onChange(without)}>
                <span className="max-w-64 truncate">{label}</span>
                <X size={13} aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div className="mt-1 flex flex-wrap justify-center gap-2">
        {wider && (
          <Button look="primary" onClick={() => onChange(withRange(search, wider))}>
            Look in the {describe(wider).toLowerCase()}
          </Button>
        )}
        {filtered && <Button onClick={() => onChange(withoutFilters(search))}>Clear filters</Button>}
      </div>
    </div>
  );
}

/** The OTLP addresses of the server that serves this page, with its default gRPC port. */
const endpoints = () => ({ grpc: `${location.hostname}:4317`, http: new URL("v1/traces", document.baseURI).href });

export function FirstTrace() {
  const { grpc, http } = endpoints();
  return (
    <div className="mx-auto flex max-w-xl flex-col gap-4 px-6 py-16">
      <div className="flex items-center gap-3">
        <span className="grid size-9 place-items-center rounded-full bg-accent-soft text-accent">
          <Sparkles size={17} aria-hidden />
        </span>
        <div>
          <h2 className="text-lg font-semibold">Waiting for the first trace</h2>
          <p className="text-ink-muted">Start your program through Axonize; nothing in it has to change.</p>
        </div>
      </div>
      <Snippet text="axonize-instrument python app.py" />
      <p className="text-ink-muted">
        Anything that already speaks OpenTelemetry can send here too:
      </p>
      <div className="flex flex-col gap-2">
        <Snippet label="OTLP/gRPC" text={grpc} />
        <Snippet label="OTLP/HTTP" text={http} />
      </div>
    </div>
  );
}
