/** Put a text on the clipboard and say so. */
import { Check, Copy, type LucideIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { IconButton } from "./button";

/** Copy through the clipboard API, or by selection where the page is not served securely. */
async function copy(text: string) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

type CopyButtonProps = { text: string | (() => string); label: string; icon?: LucideIcon; className?: string };

export function CopyButton({ text, label, icon = Copy, className }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const act = () => void copy(typeof text === "string" ? text : text()).then(() => setCopied(true));
  return <IconButton icon={copied ? Check : icon} label={copied ? "Copied" : label} onClick={act} className={className} />;
}
