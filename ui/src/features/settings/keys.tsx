/** The keys of a tenant: those there are, a new one, the end of one. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type FormEvent, useState } from "react";
import { type ApiKey, keysQuery, makeKey, revokeKey, type Scope } from "@/api/admin";
import { formatAgo, formatExact } from "@/format/time";
import { Button } from "@/widgets/button";
import { Field } from "@/widgets/field";
import { Modal } from "@/widgets/modal";
import { ProblemNotice } from "@/widgets/problem-notice";
import { Skeleton } from "@/widgets/skeleton";
import { Snippet } from "@/widgets/snippet";
import { Refusal, Section } from "./section";

export function Keys({ tenant }: { tenant: string }) {
  const keys = useQuery(keysQuery(tenant));
  const [making, setMaking] = useState(false);
  const content = () => {
    if (keys.isPending) return <Skeleton className="h-16 w-full" />;
    if (keys.isError) return <ProblemNotice error={keys.error} onRetry={() => void keys.refetch()} />;
    const valid = keys.data.items.filter((key) => !isOver(key));
    if (keys.data.items.length === 0) return <p className="text-ink-muted">No keys yet: nothing can be sent or read.</p>;
    return <Table tenant={tenant} keys={[...valid, ...keys.data.items.filter(isOver)]} />;
  };
  return (
    <Section
      title="Keys"
      saying="Kept as SHA-256; a revoked one stops within 5 s."
      action={
        <Button onClick={() => setMaking(true)}>
          <Plus size={14} aria-hidden /> New key
        </Button>
      }
    >
      {content()}
      <Modal open={making} onClose={() => setMaking(false)} title={`New key of ${tenant}`}>
        <NewKey tenant={tenant} onClose={() => setMaking(false)} />
      </Modal>
    </Section>
  );
}

const isOver = (key: ApiKey) => key.revoked_at !== null || (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now());

const Table = ({ tenant, keys }: { tenant: string; keys: ApiKey[] }) => (
  <div className="relative -mx-4 -my-4 overflow-x-auto">
    <table className="w-full text-left text-sm">
      <thead className="text-xs text-ink-muted">
        <tr className="border-b border-line *:px-4 *:py-2 *:font-normal">
          <th>Prefix</th>
          <th className={WIDE}>Name</th>
          <th>Scopes</th>
          <th className={WIDE}>Last used</th>
          <th className={WIDE}>Ends</th>
          <th>
            <span className="sr-only">Revoke</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <Row key={key.prefix} tenant={tenant} apiKey={key} />
        ))}
      </tbody>
    </table>
  </div>
);

/** A phone says these below the prefix, so that no key is revoked out of sight. */
const WIDE = "max-sm:hidden";

function Row({ tenant, apiKey }: { tenant: string; apiKey: ApiKey }) {
  const over = isOver(apiKey);
  const used = apiKey.last_used_at ? formatAgo(apiKey.last_used_at) : "never";
  return (
    <tr className={`border-b border-line last:border-0 *:px-4 *:py-2 sm:*:whitespace-nowrap ${over ? "text-ink-faint" : ""}`}>
      <td>
        <span className="font-mono">{apiKey.prefix}</span>
        <span className="block text-xs break-words text-ink-muted sm:hidden">
          {apiKey.name && `${apiKey.name}, `}
          {over || apiKey.expires_at ? ending(apiKey) : `used ${used}`}
        </span>
      </td>
      <td className={`max-w-48 truncate ${WIDE}`}>{apiKey.name || "–"}</td>
      <td>{apiKey.scopes.join(", ")}</td>
      <td className={WIDE} title={apiKey.last_used_at ? formatExact(apiKey.last_used_at) : undefined}>
        {used}
      </td>
      <td className={WIDE}>{ending(apiKey)}</td>
      <td className="text-right">{!over && <Revoke tenant={tenant} prefix={apiKey.prefix} />}</td>
    </tr>
  );
}

function ending(key: ApiKey): string {
  if (key.revoked_at) return `revoked ${formatAgo(key.revoked_at)}`;
  return key.expires_at ? formatAgo(key.expires_at) : "never";
}

/** Asks once more, in its own place. */
function Revoke({ tenant, prefix }: { tenant: string; prefix: string }) {
  const queries = useQueryClient();
  const [asked, setAsked] = useState(false);
  const revoking = useMutation({
    mutationFn: () => revokeKey(tenant, prefix),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["admin", "keys", tenant] }),
  });
  if (!asked)
    return (
      <Button look="quiet" aria-label={`Revoke ${prefix}`} onClick={() => setAsked(true)}>
        Revoke
      </Button>
    );
  return (
    <span className="inline-flex flex-wrap justify-end gap-1">
      <Button className="text-bad!" aria-label={`Revoke ${prefix} for good`} disabled={revoking.isPending} onClick={() => revoking.mutate()}>
        For good
      </Button>
      <Button look="quiet" onClick={() => setAsked(false)}>
        Keep
      </Button>
    </span>
  );
}

const SCOPES: { scope: Scope; means: string }[] = [
  { scope: "ingest", means: "send telemetry" },
  { scope: "read", means: "see traces, steps, GPUs" },
  { scope: "admin", means: "manage these keys, delete traces, set prices" },
];

function NewKey({ tenant, onClose }: { tenant: string; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<Scope[]>(["ingest", "read"]);
  const making = useMutation({
    mutationFn: () => makeKey(tenant, { name, scopes }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["admin", "keys", tenant] }),
  });
  if (making.data) return <Shown secret={making.data.key} onClose={onClose} />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    making.mutate();
  };
  const toggle = (scope: Scope) =>
    setScopes((now) => (now.includes(scope) ? now.filter((each) => each !== scope) : [...now, scope]));
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <Field label="Name" value={name} maxLength={200} onChange={(event) => setName(event.target.value)} placeholder="What it is for" />
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1 text-xs text-ink-muted">Scopes</legend>
        {SCOPES.map(({ scope, means }) => (
          <label key={scope} className="flex items-center gap-2">
            <input type="checkbox" className="accent-(--color-accent)" checked={scopes.includes(scope)} onChange={() => toggle(scope)} />
            <span className="w-14 font-medium">{scope}</span>
            <span className="text-sm text-ink-muted">{means}</span>
          </label>
        ))}
      </fieldset>
      <Refusal error={making.error} />
      <Button type="submit" look="primary" className="self-end" disabled={scopes.length === 0 || making.isPending}>
        Make key
      </Button>
    </form>
  );
}

const Shown = ({ secret, onClose }: { secret: string; onClose: () => void }) => (
  <div className="flex flex-col gap-4">
    <p>
      Copy it now: it is shown <strong>this once</strong> and kept nowhere.
    </p>
    <Snippet text={secret} />
    <Button look="primary" className="self-end" onClick={onClose}>
      I have it
    </Button>
  </div>
);
