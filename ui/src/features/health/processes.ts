/** What the report of a process comes to: spans lost and why, hooks by integration, whether it still reports. */
import type { Process } from "@/api/processes";

/** A process reports once a minute; two that are missing may be the network. */
const SILENT_MS = 150_000;

export type Loss = { reason: string; count: number; advice: string };

const REASONS: Record<string, [reason: string, advice: string]> = {
  queue_full: ["the buffer was full", "Raise AXONIZE_BUFFER_SIZE, or lower AXONIZE_SAMPLING_RATE."],
  sampling_queue_full: ["the buffer of undecided traces was full", "Raise AXONIZE_BUFFER_SIZE."],
  rejected: ["the server refused them", "The server's log says why."],
  expired: ["the server was away for too long", "Raise AXONIZE_RETRY_BUFFER_MB, or see why it was away."],
  exit: ["the process ended before they were sent", "Raise AXONIZE_EXIT_TIMEOUT_MS."],
  failed: ["an internal error", "Please report it, with the output of axonize doctor."],
};

/** The spans that a process has lost since its start, the most first. */
export function lossesOf({ spans_dropped }: Pick<Process, "spans_dropped">): Loss[] {
  return Object.entries(spans_dropped)
    .filter(([, count]) => count > 0)
    .map(([key, count]) => ({ count, reason: REASONS[key]?.[0] ?? key, advice: REASONS[key]?.[1] ?? "" }))
    .toSorted((a, b) => b.count - a.count);
}

export type Integration = { name: string; inPlace: number; missing: number };

/** The integrations of a process by name; hooks that wait for an import are neither in place nor missing. */
export function integrationsOf({ hooks }: Pick<Process, "hooks">): Integration[] {
  const count = (name: string, ...states: string[]) =>
    hooks.filter((hook) => hook.integration === name && states.includes(hook.state)).reduce((sum, hook) => sum + hook.count, 0);
  return [...new Set(hooks.map((hook) => hook.integration))]
    .toSorted()
    .map((name) => ({ name, inPlace: count(name, "patched"), missing: count(name, "missing", "failed") }));
}

export const isSilent = ({ last_seen }: Pick<Process, "last_seen">, now = Date.now()) => now - Date.parse(last_seen) > SILENT_MS;

const isWorse = (process: Process) => lossesOf(process).length > 0 || process.faults.length > 0;

/** What needs a look first, then by service, host and process. */
export const inOrder = (processes: Process[]) =>
  processes.toSorted(
    (a, b) =>
      Number(isSilent(a)) - Number(isSilent(b)) ||
      Number(isWorse(b)) - Number(isWorse(a)) ||
      a.service_name.localeCompare(b.service_name) ||
      (a.host ?? "").localeCompare(b.host ?? "") ||
      (a.pid ?? 0) - (b.pid ?? 0),
  );
