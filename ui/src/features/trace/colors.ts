/** A colour for each service: the same one in every trace, unless two would share it. */

const SERIES = 10;

function hash(text: string): number {
  let value = 2_166_136_261; // FNV-1a
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0)!, 16_777_619);
  return value >>> 0;
}

/** Give each service a CSS colour; the first in alphabetical order takes its own, later ones the next free. */
export function serviceColors(services: string[]): Map<string, string> {
  const taken = new Set<number>();
  const colors = new Map<string, string>();
  for (const service of [...new Set(services)].toSorted()) {
    let slot = hash(service) % SERIES;
    while (taken.has(slot) && taken.size < SERIES) slot = (slot + 1) % SERIES;
    taken.add(slot);
    colors.set(service, `var(--color-series-${slot + 1})`);
  }
  return colors;
}
