/** The parts one below the other: what, how long, which share, and what says so. */
import { TriangleAlert } from "lucide-react";
import type { Explanation } from "@/api/types";
import { formatNs } from "@/format/duration";
import { formatShare } from "@/format/quantity";
import type { Tree } from "../tree";
import { colorOf, keyOf, titleOf } from "./causes";
import { EvidenceList, type Goto } from "./evidence";

type PartsProps = { explanation: Explanation; tree: Tree } & Goto;

export function Parts({ explanation, tree, ...go }: PartsProps) {
  const { parts, facts, duration_ns: total, cut } = explanation;
  return (
    <ul aria-label="Parts of the time" className="divide-y divide-line">
      {facts.map((fact) => (
        <li key={fact.text} className="flex gap-3 px-4 py-1.5">
          <TriangleAlert size={13} aria-hidden className="mt-1 shrink-0 text-bad" />
          <div className="min-w-0 flex-1">
            <p className="text-bad">{fact.text}</p>
            <EvidenceList evidence={fact.evidence} tree={tree} {...go} />
          </div>
        </li>
      ))}
      {parts.map((part) => (
        <li key={keyOf(part)} className="grid grid-cols-[auto_minmax(0,1fr)_auto] gap-x-3 gap-y-1 px-4 py-1.5 lg:grid-cols-[auto_minmax(0,5fr)_7.5rem_minmax(0,7fr)]">
          <span aria-hidden style={{ backgroundColor: colorOf(part.cause) }} className="mt-[5px] size-2.5 rounded-[3px]" />
          <p className="min-w-0">
            {part.text} <span className="text-xs text-ink-faint">{titleOf(part.cause)}</span>
          </p>
          <p className="text-right whitespace-nowrap tabular">
            <span className="font-medium">{formatNs(part.duration_ns)}</span> <span className="inline-block w-11 text-ink-muted">{formatShare(part.duration_ns / total)}</span>
          </p>
          <div className="max-lg:col-span-2 max-lg:col-start-2">
            <EvidenceList evidence={part.evidence} tree={tree} {...go} />
          </div>
        </li>
      ))}
      {cut && <li className="px-4 py-1.5 text-sm text-warn">There are more spans or steps than were read.</li>}
    </ul>
  );
}
