/** An empty list explains itself: what hid the traces, or how to send the first one. */
import { useQuery } from "@tanstack/react-query";
import { Sparkles, X } from "lucide-react";
import { anyTraceQuery } from "@/api/queries";
import { rangeOf } from "@/time-range/address";
import { Button } from "@/widgets/button";
import { LookFurther, NothingHere, NothingYet } from "@/widgets/empty";
import { Snippet } from "@/widgets/snippet";
import { hasFilters, type TracesSearch, withoutFilters, withRange } from "./search";
import { chipsOf } from "./written";
import { within } from "@/time-range/range";

type EmptyProps = { search: TracesSearch; onChange: (search: TracesSearch) => void };

export function Empty({ search, onChange }: EmptyProps) {
  const any = useQuery(anyTraceQuery);
  if (any.isPending) return null;
  return any.data?.items.length === 0 ? <FirstTrace /> : <Hidden search={search} onChange={onChange} />;
}

function Hidden({ search, onChange }: EmptyProps) {
  const range = rangeOf(search);
  const filtered = hasFilters(search);
  const actions = (
    <>
      <LookFurther range={range} onRange={(wider) => onChange(withRange(search, wider))} />
      {filtered && <Button onClick={() => onChange(withoutFilters(search))}>Clear filters</Button>}
    </>
  );
  return (
    <NothingHere title="No traces here" text={`There are traces, but none ${filtered ? "matches these filters" : "started"} ${within(range)}.`} actions={actions}>
      {filtered && (
        <ul aria-label="Filters" className="flex max-w-full flex-wrap justify-center gap-2">
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
    </NothingHere>
  );
}

/** The OTLP addresses of the server that serves this page, with its default gRPC port. */
const endpoints = () => ({ grpc: `${location.hostname}:4317`, http: new URL("v1/traces", document.baseURI).href });

export function FirstTrace() {
  const { grpc, http } = endpoints();
  return (
    <NothingYet icon={Sparkles} title="Waiting for the first trace" text="Start your program through Axonize; nothing in it has to change.">
      <Snippet text="axonize-instrument python app.py" />
      <p className="text-ink-muted">Anything that already speaks OpenTelemetry can send here too:</p>
      <div className="flex flex-col gap-2">
        <Snippet label="OTLP/gRPC" text={grpc} />
        <Snippet label="OTLP/HTTP" text={http} />
      </div>
    </NothingYet>
  );
}
