/** No GPU to show: the range is too short, or nobody sends any. */
import { useQuery } from "@tanstack/react-query";
import { Cpu } from "lucide-react";
import { gpusQuery } from "@/api/queries";
import type { RangeSearch } from "@/time-range/address";
import { rangeOf } from "@/time-range/address";
import { resolve } from "@/time-range/range";
import { LookFurther, NothingYet } from "@/widgets/empty";
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
  if (ever.isPending) return null;
  const known = Boolean(ever.data?.items.length);
  return (
    <NothingYet icon={Cpu} title={known ? "No GPU in this range" : "Waiting for the first GPU"} text="GPUs appear here when metrics of them arrive, or spans that name them.">
      {known ? <LookFurther range={rangeOf(search)} onRange={onRange} /> : <HowToSend />}
    </NothingYet>
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
