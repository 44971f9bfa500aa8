/** A trace about to appear. */
import { Skeleton } from "@/widgets/skeleton";

const ROWS = [4, 8, 20, 34, 30, 46, 52, 60, 44, 66, 70, 74];

export const TraceSkeleton = () => (
  <main aria-busy aria-label="Loading the trace" className="flex h-full flex-col bg-surface">
    <div className="flex flex-col gap-4 border-b border-line px-4 py-4">
      <Skeleton className="h-4 w-72" />
      <div className="flex gap-8">
        {ROWS.slice(0, 6).map((key) => (
          <Skeleton key={key} className="h-6 w-20" />
        ))}
      </div>
    </div>
    <div className="flex flex-col gap-3.5 px-4 py-6">
      {ROWS.map((offset) => (
        <div key={offset} className="flex items-center gap-6">
          <div className="w-[300px] shrink-0">
            <Skeleton className="w-40" />
          </div>
          <div className="flex-1">
            <div style={{ marginLeft: `${offset}%`, width: `${Math.max(90 - offset * 1.2, 6)}%` }}>
              <Skeleton className="h-3.5" />
            </div>
          </div>
        </div>
      ))}
    </div>
  </main>
);
