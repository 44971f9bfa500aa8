/** Who rode in a step: the request itself, the trace's other requests, then everyone else by tokens. */
import type { TraceSteps } from "@/api/steps";
import type { StepRequest, TraceStep } from "@/api/types";

export type Rider = {
  /** Place in the table of requests. */
  at: number;
  request: StepRequest;
  tokens: number;
  prefill: number;
  self: boolean;
};

export function ridersOf(step: TraceStep, request: number, { requests }: TraceSteps): Rider[] {
  const rank = (rider: Rider) => (rider.self ? 0 : rider.request.own ? 1 : 2);
  return step.requests
    .map((at, place) => ({
      at,
      request: requests[at]!,
      tokens: step.scheduled_tokens[place]!,
      prefill: step.prefill_tokens[place] ?? 0,
      self: at === request,
    }))
    .toSorted((one, other) => rank(one) - rank(other) || other.tokens - one.tokens);
}

/** Enough of an id to tell it from others: its beginning and its end. */
export const shortId = (id: string) => (id.length <= 20 ? id : `${id.slice(0, 11)}…${id.slice(-6)}`);
