/** Asks for the API key when the server wants one. */
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { stopAsking, storedKey, storeKey, useKeyAsked } from "./api/key";
import { Button } from "./widgets/button";
import { Field } from "./widgets/field";
import { Modal } from "./widgets/modal";

export const KeyDialog = () => (
  <Modal open={useKeyAsked()} onClose={stopAsking} title="API key">
    <KeyForm />
  </Modal>
);

function KeyForm() {
  const queries = useQueryClient();
  const [key, setKey] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    storeKey(key.trim());
    void queries.resetQueries();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <p className="text-ink-muted">
        {storedKey() ? "The server did not accept this key. Try another one." : "This server answers only with a key."} It is kept
        until you close this tab.
      </p>
      <Field label="Key" type="password" autoComplete="off" value={key} onChange={(event) => setKey(event.target.value)} />
      <Button type="submit" look="primary" disabled={key.trim() === ""} className="self-end">
        Continue
      </Button>
    </form>
  );
}
