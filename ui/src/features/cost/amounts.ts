/** What is worked out of amounts: sums of busy and idle, shares, how much is known. */
import type { CostAmounts, CostGroup } from "@/api/types";

/** Busy and idle together; undefined where neither is known. */
const both = (busy: number | null, idle: number | null) => (busy === null || idle === null ? undefined : busy + idle);

export const usdOf = ({ busy_usd, idle_usd }: CostAmounts) => both(busy_usd, idle_usd);
export const joulesOf = ({ busy_energy_j, idle_energy_j }: CostAmounts) => both(busy_energy_j, idle_energy_j);
export const secondsOf = ({ busy_gpu_seconds, idle_gpu_seconds }: CostAmounts) => busy_gpu_seconds + idle_gpu_seconds;

/** Of the time of GPUs, what was idle; undefined without any time. */
export function idleShareOf(amounts: CostAmounts): number | undefined {
  const seconds = secondsOf(amounts);
  return seconds > 0 ? amounts.idle_gpu_seconds / seconds : undefined;
}

/** Of the busy time, what was split over calls and not over steps; undefined where nothing was. */
export function callShareOf({ busy_gpu_seconds, busy_gpu_seconds_by_calls }: CostAmounts): number | undefined {
  return busy_gpu_seconds_by_calls > 0 ? busy_gpu_seconds_by_calls / busy_gpu_seconds : undefined;
}

/** What a bar stands for: dollars when all of the time has a price, else the time. */
export type Bar = { unit: "usd" | "seconds"; busy: number; idle: number };

export function barsOf(groups: CostGroup[]): Bar[] {
  const priced = groups.every(({ now }) => now.priced_gpu_seconds >= secondsOf(now) * 0.99);
  return groups.map(({ now }) =>
    priced && now.busy_usd !== null && now.idle_usd !== null
      ? { unit: "usd", busy: now.busy_usd, idle: now.idle_usd }
      : { unit: "seconds", busy: now.busy_gpu_seconds, idle: now.idle_gpu_seconds },
  );
}

/** What is not known of a group's time, in words; empty when all is. */
export function gapsOf({ now }: CostGroup): string[] {
  const seconds = secondsOf(now);
  if (seconds === 0) return [];
  const [priced, measured] = [now.priced_gpu_seconds / seconds, now.measured_gpu_seconds / seconds];
  return [
    ...(priced > 0 && priced < 0.99 ? [`${Math.round(priced * 100)} % of the time has a price`] : []),
    ...(measured > 0 && measured < 0.99 ? [`joules of ${Math.round(measured * 100)} % of the time are known`] : []),
  ];
}
