/** How a value has changed against what it was. */
import { formatDigits } from "./quantity";

export type Compared = {
  value: number | null | undefined;
  before: number | null | undefined;
  /** Whether more is better (1), worse (-1) or neither (0). */
  good?: 1 | -1 | 0;
  /** Differences are said in per cent points, not in per cent. */
  isShare?: true;
};

export type Change = { text: string; look: "good" | "bad" | "none" };

/** Below this many per cent a change is neither good nor bad. */
const NOTABLE = 5;

/** "+12 %", "−0.4 pp" or "20 ×" against what it was; undefined where one of both is not known. */
export function changeOf({ value, before, good = 0, isShare }: Compared): Change | undefined {
  if (value === undefined || value === null || before === undefined || before === null || (!isShare && before === 0)) return undefined;
  const change = (isShare ? value - before : (value - before) / before) * 100;
  const size = Math.abs(change);
  if (size < 0.05) return { text: "as before", look: "none" };
  const look = good === 0 || size < NOTABLE ? "none" : Math.sign(change) === good ? "good" : "bad";
  if (!isShare && size >= 1_000) return { text: `${formatDigits(value / before)} ×`, look };
  const said = formatDigits(!isShare && size >= 9.95 ? Math.round(size) : size);
  return { text: `${change > 0 ? "+" : "−"}${said} ${isShare ? "pp" : "%"}`, look };
}
