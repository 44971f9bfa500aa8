/** Looking closer at a page of charts: the stretch goes to the address, and Back undoes it. */
import { ZoomOut } from "lucide-react";
import type { Stretch } from "@/charts/clock";
import { moved } from "@/charts/pointer";
import { useKeys } from "@/keys";
import { IconButton } from "@/widgets/button";
import { readRange, type RangeSearch } from "./address";

export const toSearch = ({ from, to }: Stretch): RangeSearch => readRange({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });

type ZoomProps = { stretch: Stretch; onRange: (range: RangeSearch) => void };

/** The keys of charts over time: + and − zoom, a and d pan, 0 shows the newest again. */
export function useZoomKeys({ stretch, onRange }: ZoomProps) {
  const move = (how: { by?: number; factor?: number }) => onRange(toSearch(moved(stretch, how, Date.now())));
  useKeys({
    "+": () => move({ factor: 0.5 }),
    "=": () => move({ factor: 0.5 }),
    "-": () => move({ factor: 2 }),
    a: () => move({ by: -0.25 }),
    d: () => move({ by: 0.25 }),
    "0": () => onRange({}),
  });
}

export const ZoomOutButton = ({ stretch, onRange }: ZoomProps) => (
  <IconButton icon={ZoomOut} label="Zoom out" shortcut="−" onClick={() => onRange(toSearch(moved(stretch, { factor: 2 }, Date.now())))} />
);
