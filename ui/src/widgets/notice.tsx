/** What was just done, said at the bottom of whatever page follows, until it is read or some seconds are over. */
import { X } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";

const SHOWN_MS = 8_000;
const listeners = new Set<() => void>();
let said: string | undefined;

/** Say something; undefined takes back what was said. */
export function notify(text: string | undefined) {
  said = text;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The place is there before its text: screen readers read what changes in a place they know. */
export function Notice() {
  const text = useSyncExternalStore(subscribe, () => said);
  const [isThere, setIsThere] = useState(false);
  useEffect(() => setIsThere(true), []);
  useEffect(() => {
    const timer = text === undefined ? undefined : setTimeout(() => notify(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 bottom-12 z-50 flex justify-center px-4">
      {isThere && text !== undefined && <Said text={text} />}
    </div>
  );
}

const Said = ({ text }: { text: string }) => (
  <div className="pointer-events-auto flex max-w-lg items-center gap-3 rounded-lg border border-line-strong bg-surface py-2 pr-2 pl-4 shadow-float">
    <span className="min-w-0 truncate">{text}</span>
    <button type="button" aria-label="Dismiss" onClick={() => notify(undefined)} className="grid size-6 shrink-0 place-items-center rounded text-ink-muted hover:bg-raised hover:text-ink">
      <X size={14} aria-hidden />
    </button>
  </div>
);
