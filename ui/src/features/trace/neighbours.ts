/** Ways to the traces before and after this one in the list it was opened from. */
import { useNavigate } from "@tanstack/react-router";
import { neighbours } from "../traces/recall";

export type Neighbours = { previous?: string; next?: string; toPrevious: () => void; toNext: () => void };

export function useNeighbours(traceId: string): Neighbours {
  const navigate = useNavigate();
  const { previous, next } = neighbours(traceId);
  const go = (to: string | undefined) => () => {
    if (to) void navigate({ to: "/traces/$traceId", params: { traceId: to }, search: {} });
  };
  return { previous, next, toPrevious: go(previous), toNext: go(next) };
}
