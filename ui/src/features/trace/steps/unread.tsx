/** Said where the strip would lie: the engine steps could not be read, and the way to try again. */
import { RotateCw } from "lucide-react";
import { ProblemError } from "@/api/problem";
import { Button } from "@/widgets/button";
import { Guides } from "../row";
import { STRIP } from "./strip";

/** Steps that were asked for in vain: below which span that is said, why (null while they are asked for again), and how to ask. */
export type Missing = { anchor: number; error: Error | null; retry: () => void };

type UnreadProps = { missing: Missing; top: number; depth: number; indent: number };

export function Unread({ missing: { error, retry }, top, depth, indent }: UnreadProps) {
  const reason = error ? reasonOf(error) : "Trying again…";
  return (
    <div style={{ height: STRIP, transform: `translateY(${top}px)` }} className="absolute inset-x-0 top-0 flex" data-testid="steps-unread">
      <div className="flex w-(--names) shrink-0 items-center overflow-hidden pr-3 pl-2">
        <Guides depth={depth} indent={indent} />
        <span className="w-4 shrink-0" />
        <p className="text-xs font-medium text-bad">Engine steps not shown</p>
      </div>
      <div className="flex min-w-0 flex-1 items-center gap-3 pr-6 pl-2">
        <p role="alert" title={reason} className="line-clamp-2 bg-surface text-sm text-ink-muted">
          <span className="sr-only">Engine steps not shown: </span>
          {reason}
        </p>
        <Button onClick={retry} onPointerDown={(event) => event.stopPropagation()}>
          <RotateCw size={13} aria-hidden /> Try again
        </Button>
      </div>
    </div>
  );
}

const reasonOf = (error: Error) => (error instanceof ProblemError ? [error.title, error.detail].filter(Boolean).join(". ") : error.message);
