/** Attributes by group: name, value, and a way to copy either. */
import { ChevronRight } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Attributes } from "@/api/types";
import { classes } from "@/widgets/classes";
import { CopyButton } from "@/widgets/copy-button";
import { filterAttributes, groupAttributes } from "./groups";
import { writeValue } from "./value";

export const AttributeGroups = ({ attributes, filter }: { attributes: Attributes; filter: string }) => (
  <>
    {groupAttributes(attributes).map((group) => (
      <AttributeSection key={group.title} title={group.title} attributes={group.attributes} filter={filter} />
    ))}
  </>
);

type AttributeSectionProps = { title: string; attributes: Attributes; filter: string };

export function AttributeSection({ title, attributes, filter }: AttributeSectionProps) {
  const shown = filterAttributes(attributes, filter);
  const count = Object.keys(shown).length;
  if (count === 0) return null;
  return (
    <Section title={title} count={count}>
      <AttributeList attributes={shown} />
    </Section>
  );
}

export function Section({ title, count, children }: { title: string; count: number; children: ReactNode }) {
  const [open, setOpen] = useState(true);
  return (
    <section aria-label={title} className="border-t border-line">
      <h3>
        <button
          type="button"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="flex h-8 w-full items-center gap-1.5 px-4 text-left text-sm font-medium hover:bg-raised/60 focus-visible:-outline-offset-2"
        >
          <ChevronRight size={12} aria-hidden className={classes("-ml-0.5 text-ink-muted transition-transform", open && "rotate-90")} />
          {title}
          <span className="text-xs font-normal text-ink-faint tabular">{count}</span>
        </button>
      </h3>
      {open && <div className="pb-2.5">{children}</div>}
    </section>
  );
}

export const AttributeList = ({ attributes }: { attributes: Attributes }) =>
  Object.keys(attributes).length > 0 && (
    <dl>
      {Object.entries(attributes).map(([name, value]) => (
        <Attribute key={name} name={name} text={writeValue(value)} />
      ))}
    </dl>
  );

/** Long values start with their first lines. */
const LONG = 320;

function Attribute({ name, text }: { name: string; text: string }) {
  const [whole, setWhole] = useState(text.length <= LONG);
  return (
    <div className="group/attribute relative grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)] gap-3 px-4 py-[3px] text-sm hover:bg-raised/60">
      <dt className="break-words text-ink-muted">{name}</dt>
      <dd className="pr-5 font-mono text-[11.5px] leading-[18px] break-words whitespace-pre-wrap">
        {whole ? text : `${text.slice(0, LONG)}…`}
        {!whole && (
          <button type="button" onClick={() => setWhole(true)} className="ml-1 rounded font-sans text-accent hover:underline">
            Show all
          </button>
        )}
        <CopyButton
          text={text}
          label={`Copy ${name}`}
          className="absolute top-0 right-2 h-6! w-6! bg-surface opacity-0 group-hover/attribute:opacity-100 focus-visible:opacity-100"
        />
      </dd>
    </div>
  );
}
