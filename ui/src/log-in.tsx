/** The page in place of every other one while the server asks for a key. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type FormEvent, useState } from "react";
import { become, logIn } from "./api/session";
import { Button } from "./widgets/button";
import { Field, Username } from "./widgets/field";

export const LogIn = () => (
  <main className="mx-auto flex max-w-sm flex-col gap-5 px-6 py-24">
    <div className="flex items-center gap-3">
      <span className="grid size-9 shrink-0 place-items-center rounded-full bg-accent-soft text-accent">
        <KeyRound size={17} aria-hidden />
      </span>
      <div>
        <h1 className="text-lg font-semibold">Log in</h1>
        <p className="text-ink-muted">This server answers only with a key.</p>
      </div>
    </div>
    <KeyForm />
    <p className="text-xs text-ink-muted">
      The key is the server's <code>AXONIZE_API_KEY</code>, or one of your tenant with the scope <code>read</code>. The session
      ends after 7 days, or with the key.
    </p>
  </main>
);

function KeyForm() {
  const queries = useQueryClient();
  const [key, setKey] = useState("");
  const login = useMutation({ mutationFn: logIn, onSuccess: (who) => become(queries, who) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate(key.trim());
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Username of="axonize" />
      <Field
        label="Key"
        type="password"
        autoComplete="current-password"
        autoFocus
        aria-invalid={login.isError}
        value={key}
        onChange={(event) => setKey(event.target.value)}
      />
      {login.error && (
        <p role="alert" className="text-sm text-bad">
          {sentence(login.error.message)}
        </p>
      )}
      <Button type="submit" look="primary" disabled={key.trim() === "" || login.isPending}>
        {login.isPending ? "Logging in…" : "Log in"}
      </Button>
    </form>
  );
}

/** "this server does not know this key" as a sentence. */
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
