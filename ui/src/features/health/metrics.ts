/** The text that Prometheus reads, as numbers by name and label. */
export type Sample = { name: string; label: string; value: number };

/** Lines such as `name 5` and `name{reason="x"} 3`; comments and what is no number are left out. */
export function parseMetrics(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([a-z_]\w*)(?:\{\w+="((?:[^"\\]|\\.)*)"\})? (\S+)$/.exec(line);
    const value = Number(match?.[3]);
    return match && Number.isFinite(value) ? [{ name: match[1] ?? "", label: match[2] ?? "", value }] : [];
  });
}

export const valueOf = (samples: Sample[], name: string) => samples.find((each) => each.name === name)?.value ?? 0;

export const labelled = (samples: Sample[], name: string) => samples.filter((each) => each.name === name && each.label !== "");

export type Reading = { atMs: number; samples: Sample[] };

/** How fast a counter grows between two readings, per second; a server that was started again counts from 0. */
export function rate(before: Reading, after: Reading, name: string): number {
  const seconds = (after.atMs - before.atMs) / 1000;
  const grown = valueOf(after.samples, name) - valueOf(before.samples, name);
  return seconds > 0 ? Math.max(grown, 0) / seconds : 0;
}
