/** A key as printed on the keyboard. */
import type { ReactNode } from "react";

export const Kbd = ({ children }: { children: ReactNode }) => (
  <kbd className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded border border-line-strong bg-raised px-1 font-mono text-[10.5px] leading-none text-ink-muted">
    {children}
  </kbd>
);
