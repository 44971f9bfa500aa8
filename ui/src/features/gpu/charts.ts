/** A GPU's metrics as the charts of its page. */
import type { GpuPoint } from "@/api/types";
import type { Line, Series } from "@/charts/series";
import { formatBytes, formatCelsius, formatMegahertz, formatShare, formatWatts } from "@/format/quantity";

export type GpuChart = { title: string; series: Series; format: (value: number) => string; top?: number };

/** A name of what has average, minimum and maximum. */
export type Gauge = Exclude<{ [Name in keyof GpuPoint]: NonNullable<GpuPoint[Name]> extends { avg: number } ? Name : never }[keyof GpuPoint], undefined>;

type Measure = { gauge: Gauge; label: string; color: string };

const colored = (index: number) => `var(--color-series-${index})`;

const SHARES: Measure[] = [
  { gauge: "utilization", label: "Utilisation", color: colored(1) },
  { gauge: "sm_active", label: "SM active", color: colored(2) },
  { gauge: "tensor_active", label: "Tensor active", color: colored(4) },
  { gauge: "dram_active", label: "DRAM active", color: colored(5) },
];
const MEMORY: Measure[] = [{ gauge: "memory_used_bytes", label: "Used", color: colored(3) }];
const POWER: Measure[] = [{ gauge: "power_w", label: "Power", color: colored(8) }];
const TEMPERATURE: Measure[] = [{ gauge: "temperature_c", label: "Temperature", color: colored(5) }];
const CLOCKS: Measure[] = [
  { gauge: "sm_clock_mhz", label: "SM", color: colored(6) },
  { gauge: "memory_clock_mhz", label: "Memory", color: colored(7) },
];
const TRAFFIC: Measure[] = [
  { gauge: "pcie_rx_bytes_per_s", label: "PCIe in", color: colored(1) },
  { gauge: "pcie_tx_bytes_per_s", label: "PCIe out", color: colored(2) },
  { gauge: "nvlink_rx_bytes_per_s", label: "NVLink in", color: colored(3) },
  { gauge: "nvlink_tx_bytes_per_s", label: "NVLink out", color: colored(4) },
];

/** The charts, in the order of the page; traffic only where it is measured. */
export function toCharts(points: GpuPoint[], widthMs: number): GpuChart[] {
  const times = timesOf(points, widthMs);
  const chart = (title: string, measures: Measure[], format: GpuChart["format"], top?: number): GpuChart => ({
    title,
    series: { ...times, lines: toLines(points, measures), shape: "line" },
    format,
    top,
  });
  const memory = points.reduce((most, { memory_total_bytes: total }) => Math.max(most, total ?? 0), 0);
  return [
    chart("Utilisation", SHARES, formatShare, 1),
    chart("Memory", MEMORY, formatBytes, memory || undefined),
    chart("Power", POWER, formatWatts),
    chart("Temperature", TEMPERATURE, formatCelsius),
    chart("Clocks", CLOCKS, formatMegahertz),
    ...(TRAFFIC.some(({ gauge }) => isMeasured(points, gauge)) ? [chart("PCIe and NVLink", TRAFFIC, (value: number) => `${formatBytes(value)}/s`)] : []),
  ];
}

export function timesOf(points: GpuPoint[], widthMs: number): Pick<Series, "starts" | "ends"> {
  const starts = Float64Array.from(points, ({ time }) => Date.parse(time));
  return { starts, ends: starts.map((start) => start + widthMs) };
}

const isMeasured = (points: GpuPoint[], gauge: Gauge) => points.some((point) => point[gauge] !== null);

/** A line for each that is measured, the first in any case. */
function toLines(points: GpuPoint[], measures: Measure[]): Line[] {
  return measures.filter(({ gauge }, index) => index === 0 || isMeasured(points, gauge)).map(({ gauge, label, color }) => {
    const column = (part: "avg" | "min" | "max") => Float64Array.from(points, (point) => point[gauge]?.[part] ?? Number.NaN);
    return { label, color, values: column("avg"), low: column("min"), high: column("max") };
  });
}

/** What was used in all, J; undefined when nobody counts it. */
export function energyOf(points: GpuPoint[]): number | undefined {
  const parts = points.flatMap(({ energy_j: joules }) => joules ?? []);
  return parts.length > 0 ? parts.reduce((total, joules) => total + joules, 0) : undefined;
}

/** The last of a counter or code that was seen. */
export function lastOf(points: GpuPoint[], name: "ecc_uncorrected" | "ecc_corrected" | "xid_last" | "xid_errors"): number | undefined {
  return points.findLast((point) => point[name] !== null)?.[name] ?? undefined;
}
