/** Buttons: plain, quiet, primary; and the icon button with its label in a tip. */
import type { LucideIcon } from "lucide-react";
import type { ComponentProps } from "react";
import { classes } from "./classes";
import { Tip } from "./tip";

const LOOKS = {
  plain: "border border-line-strong bg-surface text-ink enabled:hover:bg-raised",
  quiet: "text-ink-muted enabled:hover:bg-raised enabled:hover:text-ink",
  primary: "bg-accent text-on-accent font-medium enabled:hover:brightness-110",
  on: "border border-accent/50 bg-accent-soft text-accent enabled:hover:border-accent",
};
export type ButtonLook = keyof typeof LOOKS;

export const buttonClasses = (look: ButtonLook = "plain") =>
  classes(
    "inline-flex h-7 shrink-0 pointer-coarse:h-9 items-center justify-center gap-1.5 rounded-md px-2.5 text-sm whitespace-nowrap transition-colors disabled:opacity-45",
    LOOKS[look],
  );

export function Button({ look = "plain", className, ...rest }: ComponentProps<"button"> & { look?: ButtonLook }) {
  return <button type="button" className={classes(buttonClasses(look), className)} {...rest} />;
}

type IconButtonProps = Omit<ComponentProps<"button">, "children"> & {
  icon: LucideIcon;
  label: string;
  shortcut?: string;
  look?: ButtonLook;
};

export function IconButton({ icon: Icon, label, shortcut, look = "quiet", className, ...rest }: IconButtonProps) {
  return (
    <Tip label={label} shortcut={shortcut}>
      <button type="button" aria-label={label} className={classes(buttonClasses(look), "w-7 px-0! pointer-coarse:w-9", className)} {...rest}>
        <Icon size={15} strokeWidth={1.9} aria-hidden />
      </button>
    </Tip>
  );
}
