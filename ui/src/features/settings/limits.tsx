/** How much a tenant may store, and for how long it is kept. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type Retention, setQuota, setRetention, type Tenant } from "@/api/admin";
import { Button } from "@/widgets/button";
import { Field } from "@/widgets/field";
import { Refusal, Section } from "./section";

const useTenantChange = (change: () => Promise<unknown>) => {
  const queries = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => queries.invalidateQueries({ queryKey: ["admin", "tenants"] }) });
};

export function Quota({ tenant }: { tenant: Tenant }) {
  const now = tenant.max_spans_per_day?.toString() ?? "";
  const [text, setText] = useState(now);
  const changing = useTenantChange(() => setQuota(tenant.tenant_id, text === "" ? null : Number(text)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  return (
    <Section title="Quota" saying="Beyond it spans are refused until the next day, UTC.">
      <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
        <div className="w-52">
          <Field label="Most spans of a day" inputMode="numeric" placeholder="no limit" value={text} onChange={(event) => setText(event.target.value.trim())} />
        </div>
        <Button type="submit" disabled={text === now || !/^\d{0,18}$/.test(text) || changing.isPending}>
          Save
        </Button>
        <Refusal error={changing.error} />
      </form>
    </Section>
  );
}

const KINDS: { kind: keyof Retention; name: string }[] = [
  { kind: "spans", name: "Spans" },
  { kind: "traces", name: "Lists, statistics" },
  { kind: "gpu_metrics", name: "GPU metrics" },
  { kind: "engine_steps", name: "Engine steps" },
];

export function RetentionForm({ tenant }: { tenant: Tenant }) {
  const [days, setDays] = useState<Record<keyof Retention, string>>(() => texts(tenant.retention));
  const next = numbers(days);
  const changing = useTenantChange(() => setRetention(tenant.tenant_id, next));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    changing.mutate();
  };
  const valid = Object.values(next).every((each) => Number.isInteger(each) && each >= 1 && each <= 1095);
  const shorter = KINDS.some(({ kind }) => next[kind] < tenant.retention[kind]);
  const same = KINDS.every(({ kind }) => next[kind] === tenant.retention[kind]);
  return (
    <Section title="Retention" saying="Days after the day of commit (UTC); lists at least as long as spans.">
      <form onSubmit={submit} className="flex flex-wrap items-end gap-3">
        {KINDS.map(({ kind, name }) => (
          <div key={kind} className="w-28">
            <Field label={name} inputMode="numeric" value={days[kind]} onChange={(event) => setDays({ ...days, [kind]: event.target.value.trim() })} />
          </div>
        ))}
        <Button type="submit" disabled={same || !valid || changing.isPending}>
          Save
        </Button>
        {!same && valid && shorter && <p className="text-sm text-warn">What is older is removed within the hour, for good.</p>}
        <Refusal error={changing.error} />
      </form>
    </Section>
  );
}

const texts = (days: Retention) =>
  Object.fromEntries(KINDS.map(({ kind }) => [kind, String(days[kind])])) as Record<keyof Retention, string>;
const numbers = (days: Record<keyof Retention, string>) =>
  Object.fromEntries(KINDS.map(({ kind }) => [kind, Number(days[kind] || "x")])) as Retention;
