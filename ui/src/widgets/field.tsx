/** A labelled input. */
import type { ComponentProps } from "react";
import { classes } from "./classes";

/** Telephones zoom in on letters below 16 px. */
export const inputClasses =
  "h-7 w-full min-w-0 rounded-md border border-line-strong bg-canvas px-2 text-sm text-ink tabular focus-visible:outline-offset-0 pointer-coarse:h-9 pointer-coarse:text-[16px]";

export const Field = ({ label, className, ...rest }: ComponentProps<"input"> & { label: string }) => (
  <label className="flex flex-col gap-1">
    <span className="text-xs text-ink-muted">{label}</span>
    <input className={classes(inputClasses, className)} {...rest} />
  </label>
);

/** What a password manager keeps a key under; nobody sees or changes it. */
export const Username = ({ of }: { of: string }) => (
  <input type="text" name="username" autoComplete="username" value={of} readOnly hidden />
);
