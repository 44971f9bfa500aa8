/** In place of what there is none of: what hides it, or how the first one comes. */
import { type LucideIcon, SearchX } from "lucide-react";
import type { ReactNode } from "react";
import { describe, type TimeRange, widen } from "@/time-range/range";
import { Button } from "./button";

/** Something is there, but not here. */
export const NothingHere = ({ title, text, children, actions }: { title: string; text: ReactNode; children?: ReactNode; actions: ReactNode }) => (
  <div className="mx-auto flex max-w-md flex-col items-center gap-3 px-6 py-16 text-center">
    <SearchX size={26} strokeWidth={1.6} aria-hidden className="text-ink-faint" />
    <h2 className="text-lg font-semibold">{title}</h2>
    <p className="max-w-full break-words text-ink-muted">{text}</p>
    {children}
    <div className="mt-1 flex flex-wrap justify-center gap-2">{actions}</div>
  </div>
);

/** Nothing has come yet; the children say how it does. */
export const NothingYet = ({ icon: Icon, title, text, children }: { icon: LucideIcon; title: string; text: string; children: ReactNode }) => (
  <div className="mx-auto flex max-w-xl flex-col gap-4 px-6 py-14">
    <div className="flex items-center gap-3">
      <span className="grid size-9 shrink-0 place-items-center rounded-full bg-accent-soft text-accent">
        <Icon size={17} aria-hidden />
      </span>
      <div>
        <h2 className="text-lg font-semibold">{title}</h2>
        <p className="text-ink-muted">{text}</p>
      </div>
    </div>
    {children}
  </div>
);

/** Nothing at the largest range. */
export function LookFurther({ range, onRange }: { range: TimeRange; onRange: (range: { range: string }) => void }) {
  const wider = widen(range);
  if (!wider) return null;
  return (
    <Button look="primary" className="self-start" onClick={() => onRange(wider)}>
      Look in the {describe(wider).toLowerCase()}
    </Button>
  );
}
