/** The engine steps of a trace: its pages put together. */
import type { Engine, StepRequest, TraceStep, TraceStepPage } from "./types";

export type TraceSteps = {
  engines: Engine[];
  requests: StepRequest[];
  /** By start; they name engines and requests by their places above. */
  steps: TraceStep[];
  /** There are more steps than were asked for. */
  cut: boolean;
};

/** Join pages: each has tables of its own, and what several name becomes one entry. */
export function joinPages(pages: TraceStepPage[]): TraceSteps {
  const engines = table<Engine>((engine) => JSON.stringify(engine));
  const requests = table<StepRequest>(({ request_id, trace_id, span_id }) => `${request_id} ${trace_id} ${span_id}`);
  const steps = pages.flatMap((page) => {
    const engineAt = page.engines.map(engines.place);
    const requestAt = page.requests.map(requests.place);
    return page.steps.map((step) => ({
      ...step,
      engine: engineAt[step.engine]!,
      requests: step.requests.map((at) => requestAt[at]!),
      preempted: step.preempted.map((at) => requestAt[at]!),
    }));
  });
  return { engines: engines.rows, requests: requests.rows, steps, cut: Boolean(pages.at(-1)?.next_cursor) };
}

/** Rows, each once, and the way to the place of one. */
function table<Row>(key: (row: Row) => string) {
  const rows: Row[] = [];
  const places = new Map<string, number>();
  const place = (row: Row): number => {
    const name = key(row);
    if (!places.has(name)) places.set(name, rows.push(row) - 1);
    return places.get(name)!;
  };
  return { rows, place };
}
