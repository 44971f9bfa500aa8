/** JSON whose integers beyond 2^53 become bigints instead of losing their last digits. */

type Context = { source?: string };

function exactly(_: string, value: unknown, context?: Context): unknown {
  const digits = context?.source;
  const lossy = typeof value === "number" && !Number.isSafeInteger(value) && digits !== undefined && /^-?\d+$/.test(digits);
  return lossy ? BigInt(digits) : value;
}

/** Parse JSON exactly where the browser shows the source text of a number, else as JSON.parse does. */
export const parseExact = (text: string): unknown =>
  JSON.parse(text, exactly as (this: unknown, key: string, value: unknown) => unknown);
