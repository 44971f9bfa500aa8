/** No GPU to show: the range is too short, or nobody sends any. */
import { useQuery } from "@tanstack/react-query";
import { Cpu } from "lucide-react";
import { gpusQuery } from "@/api/queries";
import type { RangeSearch } from "@/time-range/address";
import { rangeOf } from "@/time-range/address";
import { describe, resolve, widen } from "@/time-range/range";
import { Button } from "@/widgets/button";
import { Snippet } from "@/widgets/snippet";

const MONTH = { range: "30d" };

/** An OpenTelemetry collector that scrapes NVIDIA's DCGM exporter and sends on to this server. */
const collector = () => `receivers:
  prometheus:
    config:
      scrape_configs:
        - job_name: dcgm
          scrape_interval: 5s
          static_configs: [{ targets: ["localhost:9400"] }]
exporters:
  otlphttp: { endpoint: "${document.baseURI.replace(/\/$/, "")}" }
service:
  pipelines:
    metrics: { receivers: [prometheus], exporters: [otlphttp] }`;

type EmptyProps = { search: RangeSearch; onRange: (range: { range: string }) => void };

export function Empty({ search, onRange }: EmptyProps) {
  const ever = useQuery(gpusQuery(JSON.stringify(MONTH), () => resolve(MONTH)));
  const wider = widen(rangeOf(search));
  if (ever.isPending) return null;
  return (
    <div className="mx-auto flex max-w-xl flex-col gap-4 px-6 py-14">
      <div className="flex items-center gap-3">
        <span className="grid size-9 shrink-0 place-items-center rounded-full bg-accent-soft text-accent">
          <Cpu size={17} aria-hidden />
        </span>
        <div>
          <h2 className="text-lg font-semibold">{ever.data?.items.length ? "No GPU in this range" : "Waiting for the first GPU"}</h2>
          <p className="text-ink-muted">GPUs appear here when metrics of them arrive, or spans that name them.</p>
        </div>
      </div>
      {ever.data?.items.length && wider ? (
        <Button look="primary" className="self-start" onClick={() => onRange(wider)}>
          Look in the {describe(wider).toLowerCase()}
        </Button>
      ) : (
        <HowToSend />
      )}
    </div>
  );
}

const HowToSend = () => (
  <>
    <p className="text-ink-muted">
      Send OTLP metrics by OpenTelemetry's hardware conventions (<code className="font-mono text-sm">hw.gpu.utilization</code>,{" "}
      <code className="font-mono text-sm">hw.power</code>, …) here:
    </p>
    <div className="flex flex-col gap-2">
      <Snippet label="OTLP/gRPC" text={`${location.hostname}:4317`} />
      <Snippet label="OTLP/HTTP" text={new URL("v1/metrics", document.baseURI).href} />
    </div>
    <p className="text-ink-muted">Or let a collector read NVIDIA's DCGM exporter:</p>
    <Snippet text={collector()} />
  </>
);
