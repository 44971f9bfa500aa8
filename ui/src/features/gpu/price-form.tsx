/** What a card costs an hour: the price that holds, those before and to come, and the form that sets one. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useId, useState } from "react";
import { client, need } from "@/api/client";
import { ProblemError } from "@/api/problem";
import type { GpuResource } from "@/api/types";
import { formatUsd } from "@/format/money";
import { formatExact } from "@/format/time";
import { Button } from "@/widgets/button";
import { classes } from "@/widgets/classes";
import { Field } from "@/widgets/field";
import { Modal } from "@/widgets/modal";
import { useNow } from "@/widgets/now";
import { historyOf, type Prices, readMoment, readUsd } from "./price";

type Card = NonNullable<GpuResource["physical"]>;
type PriceProps = { uuid: string; card: Card };

const SOURCES = { gpu: "set for this card", model: "of its model" };

export function Price({ uuid, card }: PriceProps) {
  const [open, setOpen] = useState(false);
  const { cost_per_hour_usd: price, price_source: source } = card;
  const known = price !== null && source !== null;
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1 tabular">
      <p>
        {known ? `${formatUsd(price)} an hour ` : ""}
        <span className="text-ink-muted">{known ? SOURCES[source] : "No price is set"}</span>
      </p>
      <Button onClick={() => setOpen(true)}>{known ? "Change price" : "Set price"}</Button>
      <Modal open={open} onClose={() => setOpen(false)} title="Price of this card">
        <PriceForm uuid={uuid} card={card} onDone={() => setOpen(false)} />
      </Modal>
    </div>
  );
}

function usePriceChange(uuid: string, onDone: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { cost_per_hour_usd: number | null; valid_from: string | null }) =>
      need(client.PUT("/api/v1/gpus/{uuid}/price", { params: { path: { uuid } }, body })),
    onSuccess: async (resource) => {
      queries.setQueryData(["gpu", uuid], resource);
      await Promise.all([queries.invalidateQueries({ queryKey: ["gpu"] }), queries.invalidateQueries({ queryKey: ["cost"] })]);
      onDone();
    },
  });
}

function PriceForm({ uuid, card, onDone }: PriceProps & { onDone: () => void }) {
  const [usd, setUsd] = useState(card.cost_per_hour_usd?.toString() ?? "");
  const [from, setFrom] = useState("");
  const changing = usePriceChange(uuid, onDone);
  const [price, moment] = [readUsd(usd), readMoment(from)];
  const set = (value: number | null) => moment !== undefined && changing.mutate({ cost_per_hour_usd: value, valid_from: moment });
  const hint = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (price !== undefined) set(price);
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      <div className="flex flex-wrap items-end gap-3">
        <div className="w-36">
          <Field label="US dollars an hour" inputMode="decimal" placeholder="2.50" value={usd} aria-describedby={hint} onChange={(event) => setUsd(event.target.value)} />
        </div>
        <div className="w-52">
          <Field label="From when on (empty: now)" type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
        </div>
        <Button type="submit" look="primary" disabled={price === undefined || moment === undefined || changing.isPending}>
          Save
        </Button>
      </div>
      <p id={hint} className="text-sm text-ink-muted">
        {card.resource_uuids.length > 1 && "The price is of the whole card; each of its instances costs its share. "}
        It holds until the next one. A moment in the past changes costs since then.
      </p>
      <Refusal error={changing.error} />
      <History prices={card.prices} />
      {card.price_source === "gpu" && (
        <Button className="self-start" disabled={moment === undefined || changing.isPending} onClick={() => set(null)}>
          Use the price of its model
        </Button>
      )}
    </form>
  );
}

const NOT_ALLOWED = new Set([401, 403]);

/** A refusal, in words that say what to do when it is for want of a right. */
const Refusal = ({ error }: { error: Error | null }) =>
  error && (
    <p role="alert" className="text-sm text-bad">
      {error instanceof ProblemError && NOT_ALLOWED.has(error.status)
        ? "You may not set prices: log in with a key that has the scope admin."
        : error.message}
    </p>
  );

const STATES = { before: "", now: "now", later: "to come" };

function History({ prices }: { prices: Prices }) {
  const now = useNow();
  if (prices.length === 0) return null;
  return (
    <section aria-label="Prices that were set" tabIndex={0} className="max-h-48 overflow-y-auto">
      <h3 className="mb-1 text-xs font-medium text-ink-muted">Set for this card</h3>
      <ol className="flex flex-col gap-0.5 text-sm tabular">
        {historyOf(prices, now).map(({ valid_from: from, cost_per_hour_usd: usd, state }) => (
          <li key={from} className={classes("flex gap-2", state === "now" ? "font-medium" : "text-ink-muted")}>
            <span className="w-40 shrink-0">{formatExact(from).replace(/\.\d+/, "")}</span>
            <span className="w-20 shrink-0">{usd === null ? "as its model" : formatUsd(usd)}</span>
            <span className="whitespace-nowrap">{STATES[state]}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
