/** Counts in the space of a table cell. */

const whole = new Intl.NumberFormat("en-US");

export const formatCount = (count: number) => whole.format(count);

const SIZES: [number, string][] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];

/** Shorten a count above ten thousand: 9,812 then 12.4k then 1.2M, 1.2B and T. */
export function formatCompact(count: number): string {
  if (count < 10_000) return whole.format(count);
  const [size, unit] = SIZES.find(([each]) => count >= each * 0.9995) ?? [1, ""];
  return `${trim(count / size)}${unit}`;
}

const trim = (value: number) => value.toFixed(value < 99.5 ? 1 : 0).replace(/\.0$/, "");

export const plural = (count: number, noun: string) => `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
