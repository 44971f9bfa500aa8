/** A text to copy into a terminal or a settings file. */
import { CopyButton } from "./copy-button";

export const Snippet = ({ label, text }: { label?: string; text: string }) => (
  <div className="flex items-center gap-2 rounded-lg border border-line bg-surface py-1.5 pr-1.5 pl-3.5">
    {label && <span className="w-20 shrink-0 text-sm text-ink-muted">{label}</span>}
    <code className="min-w-0 flex-1 font-mono text-sm break-words whitespace-pre-wrap">{text}</code>
    <CopyButton text={text} label="Copy" />
  </div>
);
