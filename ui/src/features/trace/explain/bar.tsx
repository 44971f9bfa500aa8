/** The parts side by side, as wide as they took. */
import { formatNs } from "@/format/duration";
import { formatShare } from "@/format/quantity";
import { colorOf, keyOf, type Part, titleOf } from "./causes";

type PartsBarProps = { parts: Part[]; total: number };

export const PartsBar = ({ parts, total }: PartsBarProps) => (
  <div role="img" aria-label={parts.map((part) => `${titleOf(part.cause)} ${formatShare(part.duration_ns / total)}`).join(", ")} className="flex h-2 gap-px overflow-hidden rounded-full bg-raised">
    {parts.map((part) => (
      <span
        key={keyOf(part)}
        title={`${part.text}: ${formatNs(part.duration_ns)}`}
        style={{ flexGrow: part.duration_ns, backgroundColor: colorOf(part.cause) }}
        className="min-w-px basis-0"
      />
    ))}
  </div>
);
