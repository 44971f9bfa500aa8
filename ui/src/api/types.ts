/** The server's records by the names the pages use. */
import type { paths } from "./schema";

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

export type Identity = Answer<"/api/v1/session">;
export type TracePage = Answer<"/api/v1/traces">;
export type TraceSummary = TracePage["items"][number];
export type TraceColumns = Answer<"/api/v1/traces/{trace_id}/columns">;
export type SpanNode = Omit<Answer<"/api/v1/traces/{trace_id}">["spans"][number], "child_count">;
export type TraceDetail = TraceSummary & { spans: SpanNode[] };
export type SpanDetail = Answer<"/api/v1/traces/{trace_id}/spans/{span_id}">;
export type SpanEvent = SpanDetail["events"][number];
export type SpanLink = SpanDetail["links"][number];
export type Explanation = Answer<"/api/v1/traces/{trace_id}/explain">;
export type TraceStepPage = Answer<"/api/v1/traces/{trace_id}/steps">;
export type TraceStep = TraceStepPage["steps"][number];
export type StepRequest = TraceStepPage["requests"][number];
export type Engine = TraceStepPage["engines"][number];
export type GpuSummary = Answer<"/api/v1/gpus">["items"][number];
export type GpuMetrics = Answer<"/api/v1/gpus/{uuid}/metrics">;
export type GpuPoint = GpuMetrics["points"][number];
export type EngineSummary = Answer<"/api/v1/engines">["items"][number];
export type Step = Answer<"/api/v1/steps">["items"][number];
export type StepRider = Step["requests"][number];
export type Cost = Answer<"/api/v1/analytics/cost">;
export type CostGroup = Cost["items"][number];
export type CostAmounts = CostGroup["now"];
export type CostGrouping = Cost["group_by"];
export type GpuResource = Answer<"/api/v1/gpus/{uuid}">;
export type GpuIdentity = NonNullable<GpuSummary["identity"]>;
export type MigInstance = NonNullable<GpuSummary["mig"]>;
export type GpuContext = GpuResource["contexts_now"][number];
export type Attributes = Record<string, unknown>;
export type TraceQuery = NonNullable<paths["/api/v1/traces"]["get"]["parameters"]["query"]>;
export type TraceSort = NonNullable<TraceQuery["sort"]>;
