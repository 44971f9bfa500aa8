/** All tenants, and the form for a new one. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { makeTenant, type Tenant } from "@/api/admin";
import { Button } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { Field } from "@/widgets/field";
import { Modal } from "@/widgets/modal";
import { Refusal } from "./section";

type TenantsProps = { tenants: Tenant[]; chosen: string; onChoose: (tenant: string) => void };

export function Tenants({ tenants, chosen, onChoose }: TenantsProps) {
  const [making, setMaking] = useState(false);
  return (
    <aside className="flex flex-col gap-2 border-line md:w-60 md:shrink-0 md:overflow-y-auto md:border-r md:p-3 max-md:border-b max-md:p-3">
      <div className="flex items-center justify-between pl-2">
        <h2 className="text-sm font-medium text-ink-muted">Tenants</h2>
        <Button look="quiet" onClick={() => setMaking(true)}>
          <Plus size={14} aria-hidden /> New
        </Button>
      </div>
      <ul className="flex flex-col gap-0.5 max-md:max-h-40 max-md:overflow-y-auto">
        {tenants.map((tenant) => (
          <li key={tenant.tenant_id}>
            <Row tenant={tenant} isChosen={tenant.tenant_id === chosen} />
          </li>
        ))}
      </ul>
      <Modal open={making} onClose={() => setMaking(false)} title="New tenant">
        <NewTenant
          onMade={(tenant) => {
            setMaking(false);
            onChoose(tenant);
          }}
        />
      </Modal>
    </aside>
  );
}

const Row = ({ tenant, isChosen }: { tenant: Tenant; isChosen: boolean }) => (
  <Link
    to="/settings"
    search={{ tenant: tenant.tenant_id }}
    aria-current={isChosen ? "true" : undefined}
    className={classes(
      "flex items-center gap-2 rounded-md px-2 py-1.5",
      isChosen ? "bg-accent-soft text-accent" : "hover:bg-raised",
    )}
  >
    <span className="min-w-0 flex-1 truncate font-medium">{tenant.tenant_id}</span>
    {tenant.suspended_at && <span className="text-xs text-warn">suspended</span>}
  </Link>
);

function NewTenant({ onMade }: { onMade: (tenant: string) => void }) {
  const queries = useQueryClient();
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const making = useMutation({
    mutationFn: makeTenant,
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ["admin", "tenants"] });
      onMade(made.tenant_id);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate({ tenant_id: id, name });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <div>
        <Field label="Id" value={id} onChange={(event) => setId(event.target.value)} placeholder="acme" spellCheck={false} />
        <p className="mt-1 text-xs text-ink-muted">Lowercase letters, digits, - and _; stays as it is.</p>
      </div>
      <Field label="Name" value={name} onChange={(event) => setName(event.target.value)} placeholder="Acme Corporation" />
      <Refusal error={making.error} />
      <Button type="submit" look="primary" className="self-end" disabled={!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(id) || making.isPending}>
        Make tenant
      </Button>
    </form>
  );
}
