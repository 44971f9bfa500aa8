/** Marks what was split over calls by time, and not over the steps of an engine by tokens. */
import { formatShare } from "@/format/quantity";
import { Tip } from "@/widgets/tip";

const MEANING = "Without engine steps, each instant of a GPU is shared equally by the calls that occupy it, waiting or not. With steps it is split by tokens.";

/** "by calls", or "38 % by calls" where it is a part only. */
export function ByCalls({ share = 1 }: { share?: number }) {
  return (
    <Tip label={MEANING}>
      <span tabIndex={0} className="shrink-0 rounded border border-line-strong px-1 text-xs whitespace-nowrap text-ink-muted">
        {share < 0.995 ? `${formatShare(share)} by calls` : "by calls"}
      </span>
    </Tip>
  );
}
