/** Suspending a tenant, and removing it with everything. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { deleteTenant, resumeTenant, suspendTenant, type Tenant } from "@/api/admin";
import { formatAgo } from "@/format/time";
import { Button } from "@/widgets/button";
import { Field } from "@/widgets/field";
import { Modal } from "@/widgets/modal";
import { Refusal, Section } from "./section";

export function Danger({ tenant, onDeleted }: { tenant: Tenant; onDeleted: () => void }) {
  const queries = useQueryClient();
  const [deleting, setDeleting] = useState(false);
  const suspended = tenant.suspended_at !== null;
  const toggling = useMutation({
    mutationFn: () => (suspended ? resumeTenant : suspendTenant)(tenant.tenant_id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["admin", "tenants"] }),
  });
  return (
    <Section title="Access and data">
      <div className="flex flex-col gap-3">
        <Choice
          says={suspended ? `Suspended ${formatAgo(tenant.suspended_at ?? "")}: its keys open nothing; data stays.` : "Suspend: its keys open nothing until it is resumed; data stays."}
        >
          <Button disabled={toggling.isPending} onClick={() => toggling.mutate()}>
            {suspended ? "Resume" : "Suspend"}
          </Button>
        </Choice>
        <Choice says="Delete: the tenant, its keys and all of its data are removed for good.">
          <Button className="text-bad!" onClick={() => setDeleting(true)}>
            Delete…
          </Button>
        </Choice>
        <Refusal error={toggling.error} />
      </div>
      <Modal open={deleting} onClose={() => setDeleting(false)} title={`Delete ${tenant.tenant_id}`}>
        <Delete tenant={tenant.tenant_id} onDeleted={onDeleted} />
      </Modal>
    </Section>
  );
}

const Choice = ({ says, children }: { says: string; children: React.ReactNode }) => (
  <div className="flex items-center justify-between gap-4">
    <p className="text-sm text-ink-muted">{says}</p>
    {children}
  </div>
);

function Delete({ tenant, onDeleted }: { tenant: string; onDeleted: () => void }) {
  const queries = useQueryClient();
  const [typed, setTyped] = useState("");
  const deleting = useMutation({
    mutationFn: () => deleteTenant(tenant),
    onSuccess: async () => {
      onDeleted();
      await queries.invalidateQueries({ queryKey: ["admin", "tenants"] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    deleting.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <p>
        Every span, engine step, GPU metric and key of <strong>{tenant}</strong> is removed. This cannot be undone.
      </p>
      <Field label={`Type ${tenant} to confirm`} value={typed} spellCheck={false} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
      <Refusal error={deleting.error} />
      <Button type="submit" className="self-end text-bad!" disabled={typed !== tenant || deleting.isPending}>
        {deleting.isPending ? "Deleting, some seconds…" : "Delete for good"}
      </Button>
    </form>
  );
}
