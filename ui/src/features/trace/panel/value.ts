/** Attribute values as text. */

/** Marks a bigint on its way through JSON.stringify, which would refuse it. */
const MARK = "\u0000bigint:";

/** Write JSON in which integers beyond 2^53 are whole. */
export const writeJson = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${MARK}${part}` : part), 2).replaceAll(
    /"\\u0000bigint:(-?\d+)"/g,
    "$1",
  );

/** Text as it is, everything else as JSON. */
export const writeValue = (value: unknown): string => (typeof value === "string" ? value : writeJson(value));
