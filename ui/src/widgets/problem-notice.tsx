/** What went wrong, in the server's words, with the way to try again. */
import { RotateCw, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { ProblemError } from "@/api/problem";
import { Button } from "./button";

type ProblemNoticeProps = { error: Error; onRetry?: () => void; children?: ReactNode };

export function ProblemNotice({ error, onRetry, children }: ProblemNoticeProps) {
  const title = error instanceof ProblemError ? error.title : "Something went wrong";
  const detail = error instanceof ProblemError ? error.detail : error.message;
  return (
    <div role="alert" className="mx-auto flex max-w-lg flex-col items-center gap-3 px-6 py-16 text-center">
      <span className="grid size-10 place-items-center rounded-full bg-bad-soft text-bad">
        <TriangleAlert size={19} aria-hidden />
      </span>
      <h2 className="text-lg font-semibold">{title}</h2>
      {detail && <p className="text-ink-muted">{detail}</p>}
      <div className="mt-1 flex gap-2">
        {onRetry && (
          <Button onClick={onRetry}>
            <RotateCw size={13} aria-hidden /> Try again
          </Button>
        )}
        {children}
      </div>
    </div>
  );
}

/** What is shown is older than it should be. */
export const NotRefreshed = ({ error }: { error: Error }) => (
  <span role="alert" className="min-w-0 text-sm break-words text-bad">
    Not refreshed: {error.message}
  </span>
);
