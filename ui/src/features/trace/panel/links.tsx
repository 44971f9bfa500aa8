/** Spans of this or other traces that the span points to. */
import { Link } from "@tanstack/react-router";
import { ArrowUpRight } from "lucide-react";
import type { SpanLink } from "@/api/types";
import { AttributeList, Section } from "./attributes";

export function Links({ links, traceId }: { links: SpanLink[]; traceId: string }) {
  if (links.length === 0) return null;
  return (
    <Section title="Links" count={links.length}>
      <ul>
        {links.map((link) => (
          <li key={link.trace_id + link.span_id}>
            <Link
              to="/traces/$traceId"
              params={{ traceId: link.trace_id }}
              search={{ span: link.span_id }}
              reloadDocument={link.trace_id === traceId}
              className="group flex items-center gap-1.5 px-4 py-[3px] text-sm text-accent hover:bg-raised/60 focus-visible:-outline-offset-2"
            >
              <ArrowUpRight size={13} aria-hidden className="shrink-0" />
              <span className="truncate font-mono text-[11.5px] group-hover:underline">{link.trace_id}</span>
              <span className="ml-auto shrink-0 font-mono text-[11.5px] text-ink-faint">{link.span_id.slice(0, 8)}</span>
            </Link>
            <AttributeList attributes={link.attributes} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
