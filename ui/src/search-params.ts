/** Search parameters as plain text in the address, and the coercers that read them back. */

export type Params = Record<string, unknown>;

export const parseParams = (search: string): Params => Object.fromEntries(new URLSearchParams(search));

/** Write parameters in a stable order; undefined, empty and false ones are left out. */
export function stringifyParams(params: Params): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null || value === "" || value === false) continue;
    written.set(name, value === true ? "1" : String(value));
  }
  const text = written.toString().replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",");
  return text && `?${text}`;
}

export const asText = (value: unknown): string | undefined =>
  (typeof value === "string" && value.trim() !== "") || typeof value === "number" ? String(value) : undefined;

/** A number of at least zero. */
export function asAmount(value: unknown): number | undefined {
  const amount = typeof value === "number" ? value : Number.parseFloat(asText(value) ?? "");
  return Number.isFinite(amount) && amount >= 0 ? amount : undefined;
}

export const asFlag = (value: unknown): true | undefined =>
  value === true || value === "1" || value === "true" ? true : undefined;

export function asOneOf<Option extends string>(value: unknown, options: readonly Option[]): Option | undefined {
  return options.find((option) => option === value);
}

/** A moment that Date can read, as RFC 3339 in UTC. */
export function asMoment(value: unknown): string | undefined {
  const time = Date.parse(asText(value) ?? "");
  return Number.isNaN(time) ? undefined : new Date(time).toISOString();
}
