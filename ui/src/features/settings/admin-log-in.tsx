/** The way in for whoever runs the server. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { type FormEvent, useState } from "react";
import { logInAdmin } from "@/api/admin";
import { Button } from "@/widgets/button";
import { Field, Username } from "@/widgets/field";
import { Refusal } from "./section";

export function AdminLogIn() {
  const queries = useQueryClient();
  const [key, setKey] = useState("");
  const login = useMutation({ mutationFn: logInAdmin, onSuccess: () => queries.resetQueries({ queryKey: ["admin"] }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate(key.trim());
  };
  return (
    <div className="mx-auto flex max-w-md flex-col gap-5 px-6 py-16">
      <div className="flex items-center gap-3">
        <span className="grid size-9 shrink-0 place-items-center rounded-full bg-accent-soft text-accent">
          <ShieldCheck size={18} aria-hidden />
        </span>
        <div>
          <h2 className="text-lg font-semibold">Manage tenants and keys</h2>
          <p className="text-ink-muted">This takes the admin key of the server.</p>
        </div>
      </div>
      <form onSubmit={submit} className="flex flex-col gap-3">
        <Username of="axonize admin" />
        <Field
          label="Admin key"
          type="password"
          autoComplete="current-password"
          aria-invalid={login.isError}
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <Refusal error={login.error} />
        <Button type="submit" look="primary" disabled={key.trim() === "" || login.isPending}>
          {login.isPending ? "Opening…" : "Open"}
        </Button>
      </form>
      <p className="text-xs text-ink-muted">
        It is the server's <code>AXONIZE_ADMIN_KEY</code>; without one nobody manages tenants. Whoever has logged in with a key of
        a tenant that has the scope <code>admin</code> manages the keys of that tenant here and needs no other.
      </p>
    </div>
  );
}
