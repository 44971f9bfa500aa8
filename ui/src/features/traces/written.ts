/** Filters as text and as chips: the server reads the text, here it is written. */
import { formatMs } from "@/format/duration";
import { formatMoment } from "@/charts/clock";
import { boxOf, readSearch, type TracesSearch } from "./search";

const PLAIN = /^[^\s"=!<>:]+$/;
const PLAIN_VALUE = /^[^\s"=][^\s"]*$/;

const quote = (text: string) => `"${text.replace(/["\\]/g, String.raw`\$&`)}"`;

/** A value as it stands after its operator. */
export const writeValue = (value: string) => (PLAIN_VALUE.test(value) && value !== "*" ? value : quote(value));

/** A condition on an attribute as a term of a filter. */
export const writeTerm = (key: string, operator: ":" | ">=" | "<", value: string) =>
  `${PLAIN.test(key) && !KNOWN.has(key) ? key : quote(key)}${operator}${writeValue(value)}`;

const KNOWN = new Set(["service", "model", "gpu", "status", "setup", "duration"]);

/** A text to look for: words stand as they are. */
const writeWords = (text: string) => (text.split(" ").every((word) => PLAIN.test(word)) ? text : quote(text));

/** In the largest unit that takes no more than three decimals. */
function writeDuration(ms: number): string {
  const [factor, unit] = ([[1e3, "s"], [1, "ms"], [1e-3, "us"]] as const).find(([size]) => Number((ms / size).toFixed(3)) * size === ms) ?? [1e-6, "ns"];
  return `${Number((ms / factor).toFixed(3))}${unit}`;
}

/** Every filter of a search as one text, which the server reads back as the same. */
export function writeFilters(search: TracesSearch): string {
  const named = (["service", "model", "gpu", "status", "setup"] as const).flatMap((name) => (search[name] === undefined ? [] : [`${name}:${writeValue(search[name])}`]));
  return [
    ...named,
    ...(search.min === undefined ? [] : [`duration>=${writeDuration(search.min)}`]),
    ...(search.max === undefined ? [] : [`duration<=${writeDuration(search.max)}`]),
    ...(search.filter === undefined ? [] : [search.filter]),
    ...(search.q === undefined ? [] : [writeWords(search.q)]),
  ].join(" ");
}

/** The terms of a text of attributes; a space within quotes parts nothing. */
export const termsOf = (filter: string | undefined): string[] => filter?.match(/(?:"(?:[^"\\]|\\.)*"|[^\s"])+/g) ?? [];

export const withTerms = (search: TracesSearch, terms: string[]): TracesSearch => {
  const all = [...new Set([...termsOf(search.filter), ...terms])];
  return readSearch({ ...search, filter: all.join(" ") });
};

export type Chip = { label: string; without: TracesSearch };

/** Each filter by itself, and the search without it. */
export function chipsOf(search: TracesSearch): Chip[] {
  const without = (patch: Partial<TracesSearch>) => readSearch({ ...search, ...patch });
  const named = (["service", "model", "gpu", "status"] as const).flatMap((name) => (search[name] === undefined ? [] : [{ label: `${name}: ${search[name]}`, without: without({ [name]: undefined }) }]));
  return [
    ...named,
    ...setupChips(search),
    ...(search.min === undefined ? [] : [{ label: `at least ${formatMs(search.min)}`, without: without({ min: undefined }) }]),
    ...(search.max === undefined ? [] : [{ label: `at most ${formatMs(search.max)}`, without: without({ max: undefined }) }]),
    ...(search.q === undefined ? [] : [{ label: `text: ${search.q}`, without: without({ q: undefined }) }]),
    ...attributeChips(search),
    ...boxChips(search),
  ];
}

/** Those that have no button of their own in the bar. */
export const otherChips = (search: TracesSearch): Chip[] => [...setupChips(search), ...attributeChips(search), ...boxChips(search)];

const setupChips = (search: TracesSearch): Chip[] =>
  search.setup === undefined ? [] : [{ label: search.setup === "true" ? "set-up" : "no set-up", without: readSearch({ ...search, setup: undefined }) }];

const attributeChips = (search: TracesSearch): Chip[] => {
  const terms = termsOf(search.filter);
  return terms.map((term) => ({ label: term, without: readSearch({ ...search, filter: terms.filter((other) => other !== term).join(" ") }) }));
};

function boxChips(search: TracesSearch): Chip[] {
  const box = boxOf(search);
  if (!box) return [];
  const label = `${formatMoment(box.from, box)} – ${formatMoment(box.to, box)}, ${formatMs(box.min)} – ${formatMs(box.max)}`;
  return [{ label, without: readSearch({ ...search, box: undefined }) }];
}
