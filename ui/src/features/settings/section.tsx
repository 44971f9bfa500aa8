/** A part of the settings: a title, what it means, and its content in a frame. */
import type { ReactNode } from "react";

type SectionProps = { title: string; saying?: ReactNode; action?: ReactNode; children: ReactNode };

export const Section = ({ title, saying, action, children }: SectionProps) => (
  <section aria-label={title} className="rounded-lg border border-line bg-surface">
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-2.5">
      <h3 className="font-semibold">{title}</h3>
      {saying && <p className="text-sm text-ink-muted">{saying}</p>}
      {action && <div className="ml-auto">{action}</div>}
    </div>
    <div className="p-4">{children}</div>
  </section>
);

/** A refusal below a form, in the server's words. */
export const Refusal = ({ error }: { error: Error | null }) =>
  error && (
    <p role="alert" className="text-sm text-bad">
      {error.message}
    </p>
  );
