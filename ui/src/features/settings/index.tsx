/** Tenants, their keys, what they use and how long it is kept. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { LogOut } from "lucide-react";
import { logOutAdmin, managerQuery, type Tenant, tenantsQuery } from "@/api/admin";
import { formatExact } from "@/format/time";
import { Button } from "@/widgets/button";
import { ProblemNotice } from "@/widgets/problem-notice";
import { AdminLogIn } from "./admin-log-in";
import { Danger } from "./danger";
import { Keys } from "./keys";
import { Quota, RetentionForm } from "./limits";
import { Tenants } from "./tenants";
import { Usage } from "./usage";

const route = getRouteApi("/settings");

export function SettingsPage() {
  const manager = useQuery(managerQuery);
  const content = () => {
    if (manager.isPending) return null;
    if (manager.isError) return <ProblemNotice error={manager.error} onRetry={() => void manager.refetch()} />;
    if (manager.data.manages === "everything") return <Everything />;
    return manager.data.tenant === null ? <AdminLogIn /> : <Own tenant={manager.data.tenant} />;
  };
  return (
    <main className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-12 items-center gap-3 border-b border-line px-4 py-2">
        <h1 className="text-lg font-semibold tracking-tight">Settings</h1>
        {manager.data?.manages === "everything" && <LeaveButton />}
      </div>
      {content()}
    </main>
  );
}

function LeaveButton() {
  const queries = useQueryClient();
  const leaving = useMutation({ mutationFn: logOutAdmin, onSuccess: () => queries.resetQueries({ queryKey: ["admin"] }) });
  return (
    <Button look="quiet" className="ml-auto" disabled={leaving.isPending} onClick={() => leaving.mutate()}>
      <LogOut size={14} aria-hidden /> Leave administration
    </Button>
  );
}

function Everything() {
  const tenants = useQuery(tenantsQuery);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  if (tenants.isPending) return null;
  if (tenants.isError) return <ProblemNotice error={tenants.error} onRetry={() => void tenants.refetch()} />;
  const items = tenants.data.items;
  const chosen = items.find((each) => each.tenant_id === search.tenant) ?? items[0];
  const choose = (tenant?: string) => void navigate({ search: tenant ? { tenant } : {} });
  return (
    <div className="flex min-h-0 flex-1 max-md:flex-col">
      <Tenants tenants={items} chosen={chosen?.tenant_id ?? ""} onChoose={choose} />
      {chosen && <Detail key={chosen.tenant_id} tenant={chosen} onDeleted={() => choose()} />}
    </div>
  );
}

const PAGE = "flex min-w-0 flex-1 flex-col gap-4 overflow-y-auto p-4";

const Detail = ({ tenant, onDeleted }: { tenant: Tenant; onDeleted: () => void }) => (
  <div className={PAGE}>
    <div className="flex flex-wrap items-baseline gap-x-3">
      <h2 className="text-lg font-semibold">{tenant.name}</h2>
      <p className="text-sm text-ink-muted" title={formatExact(tenant.created_at)}>
        <code className="font-mono">{tenant.tenant_id}</code> · since {tenant.created_at.slice(0, 10)}
        {tenant.suspended_at && <span className="text-warn"> · suspended</span>}
      </p>
    </div>
    <Usage tenant={tenant.tenant_id} quota={tenant.max_spans_per_day} />
    <Keys tenant={tenant.tenant_id} />
    <Quota tenant={tenant} />
    <RetentionForm tenant={tenant} />
    {tenant.tenant_id !== "default" && <Danger tenant={tenant} onDeleted={onDeleted} />}
  </div>
);

/** What a key with `admin` manages: its own tenant. */
const Own = ({ tenant }: { tenant: string }) => (
  <div className={PAGE}>
    <h2 className="text-lg font-semibold">{tenant}</h2>
    <Usage tenant={tenant} quota={null} />
    <Keys tenant={tenant} />
  </div>
);
