/** Attributes sorted into the groups people look for. */
import type { Attributes } from "@/api/types";
import { writeValue } from "./value";

export type Group = { title: string; attributes: Attributes };

const GROUPS: { title: string; belongs: RegExp }[] = [
  { title: "GenAI", belongs: /^gen_ai\./ },
  { title: "Axonize", belongs: /^(axonize|cost)\./ },
  { title: "GPU", belongs: /^(gpu|hw)\./ },
  { title: "HTTP", belongs: /^(http|url|server|client|network|user_agent)\./ },
  { title: "Other", belongs: /^/ },
];

/** Split attributes by name; groups come in a fixed order and empty ones are left out. */
export function groupAttributes(attributes: Attributes): Group[] {
  const groups = GROUPS.map(({ title }): Group => ({ title, attributes: {} }));
  for (const [name, value] of Object.entries(attributes).toSorted(([one], [other]) => one.localeCompare(other, "en", { numeric: true })))
    groups[GROUPS.findIndex(({ belongs }) => belongs.test(name))]!.attributes[name] = value;
  return groups.filter((group) => Object.keys(group.attributes).length > 0);
}

/** Keep the attributes whose name or value holds the text. */
export function filterAttributes(attributes: Attributes, text: string): Attributes {
  const wanted = text.trim().toLowerCase();
  if (!wanted) return attributes;
  const holds = ([name, value]: [string, unknown]) => `${name} ${writeValue(value)}`.toLowerCase().includes(wanted);
  return Object.fromEntries(Object.entries(attributes).filter(holds));
}
