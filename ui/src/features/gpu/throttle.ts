/** Why the clocks of a GPU were held back: NVML's bits, by the names of NVIDIA's tools. */

export type Reason = {
  bit: number;
  name: string;
  /** bad: the hardware protects itself; warn: a limit was reached; calm: nothing is wrong. */
  weight: "bad" | "warn" | "calm";
};

const REASONS: Reason[] = [
  { bit: 3, name: "HW slowdown", weight: "bad" },
  { bit: 6, name: "HW thermal slowdown", weight: "bad" },
  { bit: 7, name: "HW power brake", weight: "bad" },
  { bit: 5, name: "SW thermal slowdown", weight: "warn" },
  { bit: 2, name: "SW power cap", weight: "warn" },
  { bit: 4, name: "Sync boost", weight: "calm" },
  { bit: 1, name: "Application clocks", weight: "calm" },
  { bit: 8, name: "Display clocks", weight: "calm" },
  { bit: 0, name: "Idle", weight: "calm" },
];

/** Whether a bit is set; by division, because the bits may be more than the 32 of an operator. */
export const hasBit = (bits: number, bit: number) => Math.floor(bits / 2 ** bit) % 2 === 1;

/** The reasons among the bits, the gravest first. */
export const reasonsIn = (bits: number): Reason[] => REASONS.filter(({ bit }) => hasBit(bits, bit));

/** Those that slow work down. */
export const slowdowns = (bits: number | null): Reason[] => reasonsIn(bits ?? 0).filter(({ weight }) => weight !== "calm");
