/** Removing what is stored. */
import { client } from "./client";
import { problemOf } from "./problem";

/** Remove a trace for good; throws the server's refusal. */
export async function deleteTrace(traceId: string) {
  const { error, response } = await client.DELETE("/api/v1/traces/{trace_id}", { params: { path: { trace_id: traceId } } });
  if (!response.ok) throw problemOf(response, error);
}
