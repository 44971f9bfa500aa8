/** Counts in the space of a table cell. */

const whole = new Intl.NumberFormat("en-US");

export const formatCount = (count: number) => whole.format(count);

/** Shorten a count above ten thousand: 9,812 then 12.4k then 1.2M. */
export function formatCompact(count: number): string {
  if (count < 10_000) return whole.format(count);
  if (count < 999_500) return `${trim(count / 1e3)}k`;
  return `${trim(count / 1e6)}M`;
}

const trim = (value: number) => value.toFixed(value < 99.5 ? 1 : 0).replace(/\.0$/, "");

export const plural = (count: number, noun: string) => `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
