/** What happened during the span, each with its distance from the start. */
import type { SpanEvent } from "@/api/types";
import { formatNs } from "@/format/duration";
import { formatExact, toNs } from "@/format/time";
import { CopyButton } from "@/widgets/copy-button";
import { AttributeList, Section } from "./attributes";
import { writeJson } from "./value";

export function Events({ events, start }: { events: SpanEvent[]; /** Start of the span. */ start: string }) {
  if (events.length === 0) return null;
  return (
    <Section title="Events" count={events.length}>
      <ol className="flex flex-col gap-1.5">
        {events.map((event) => (
          <li key={`${event.time} ${event.name} ${writeJson(event.attributes)}`}>
            <div className="flex items-baseline gap-2 px-4 text-sm">
              <span className="w-[68px] shrink-0 text-right text-ink-muted tabular" title={formatExact(event.time)}>
                +{formatNs(Number(toNs(event.time) - toNs(start)))}
              </span>
              <span className="font-medium break-words">{event.name}</span>
            </div>
            {event.name === "exception" ? <Exception event={event} /> : <AttributeList attributes={event.attributes} />}
          </li>
        ))}
      </ol>
    </Section>
  );
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

function Exception({ event: { attributes } }: { event: SpanEvent }) {
  const { "exception.type": type, "exception.message": message, "exception.stacktrace": stack, ...others } = attributes;
  return (
    <>
      <div className="mx-4 mt-1.5 rounded-md bg-bad-soft">
        <div className="flex items-start gap-2 py-1.5 pr-1.5 pl-3">
          <p className="min-w-0 flex-1 py-0.5 text-sm break-words text-bad">
            <span className="font-semibold">{text(type)}</span>
            {text(message) && `: ${text(message)}`}
          </p>
          {text(stack) && <CopyButton text={text(stack)} label="Copy stack trace" />}
        </div>
        {text(stack) && (
          <pre tabIndex={0} aria-label="Stack trace" className="max-h-72 overflow-auto border-t border-bad/20 px-3 py-2 font-mono text-[11px] leading-[17px]">
            {text(stack)}
          </pre>
        )}
      </div>
      <AttributeList attributes={others} />
    </>
  );
}
