/** What somebody typed as the price of a card, as the server takes it, and the prices that hold when. */
import type { GpuResource } from "@/api/types";

export type Prices = NonNullable<GpuResource["physical"]>["prices"];

/** US dollars an hour; nothing when the text is none. A comma may stand for the point. */
export function readUsd(text: string): number | undefined {
  if (/,\d{3}\s*$/.test(text)) return undefined; // a thousand, or one and some thousandths
  const written = text.trim().replace(/^\$\s*/, "").replace(",", ".");
  if (!/^\d+(\.\d*)?$|^\.\d+$/.test(written)) return undefined;
  const usd = Number(written);
  return usd <= 1e9 ? usd : undefined;
}

/** The moment of a field for local date and time, RFC 3339; null for an empty one, which means now. */
export function readMoment(text: string): string | null | undefined {
  if (text === "") return null;
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

export type Held = Prices[number] & { state: "before" | "now" | "later" };

/** The prices that were set, the newest first, and which of them holds at a moment. */
export function historyOf(prices: Prices, now: number): Held[] {
  const current = prices.findLastIndex(({ valid_from: from }) => Date.parse(from) <= now);
  const stateOf = (index: number) => (index === current ? "now" : index < current ? "before" : "later");
  return prices.map((price, index) => ({ ...price, state: stateOf(index) }) satisfies Held).toReversed();
}
