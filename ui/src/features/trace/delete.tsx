/** Deleting the trace, after a question, for those who may. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { deleteTrace } from "@/api/erasure";
import { sessionQuery } from "@/api/session";
import type { TraceDetail } from "@/api/types";
import { plural } from "@/format/number";
import { Button, IconButton } from "@/widgets/button";
import { Modal } from "@/widgets/modal";
import { notify } from "@/widgets/notice";
import { rememberedSearch } from "../traces/recall";

export function DeleteButton({ trace }: { trace: TraceDetail }) {
  const [asking, setAsking] = useState(false);
  const { data: who } = useQuery(sessionQuery);
  if (!who?.may_erase) return null;
  return (
    <>
      <IconButton icon={Trash2} label="Delete this trace" onClick={() => setAsking(true)} />
      <Modal open={asking} onClose={() => setAsking(false)} title="Delete this trace">
        <Question trace={trace} onCancel={() => setAsking(false)} />
      </Modal>
    </>
  );
}

function Question({ trace, onCancel }: { trace: TraceDetail; onCancel: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const deleting = useMutation({
    mutationFn: () => deleteTrace(trace.trace_id),
    onSuccess: async () => {
      queries.removeQueries({ queryKey: ["traces"] }); // it would be shown until the list is read again
      notify(`Deleted: ${trace.name}, ${plural(trace.span_count, "span")}`);
      // Whoever has moved on meanwhile stays there.
      if (location.pathname.endsWith(trace.trace_id)) await navigate({ to: "/traces", search: rememberedSearch() });
      queries.removeQueries({ queryKey: ["trace", trace.trace_id] });
    },
  });
  return (
    <div className="flex flex-col gap-4">
      <p>
        <strong className="break-words">{trace.name}</strong> with {plural(trace.span_count, "span")} and its engine steps is removed for good, from lists and statistics too. Spans of it that come within
        seven days are removed again.
      </p>
      {deleting.error && (
        <p role="alert" className="text-sm text-bad">
          {deleting.error.message}
        </p>
      )}
      <div className="flex justify-end gap-2">
        <Button disabled={deleting.isPending} onClick={onCancel}>
          Keep it
        </Button>
        <Button className="text-bad!" disabled={deleting.isPending} onClick={() => deleting.mutate()}>
          {deleting.isPending ? "Deleting, some seconds…" : "Delete for good"}
        </Button>
      </div>
    </div>
  );
}
