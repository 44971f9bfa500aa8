/** The spans as the minimap draws them. */
import type { MinimapBar } from "@/charts/minimap";
import type { Tree } from "./tree";

export const minimapBars = (tree: Tree, colors: Map<string, string>): MinimapBar[] =>
  tree.spans.map((span) => ({
    start: span.start_offset_ns,
    length: span.duration_ns,
    color: span.status === "error" ? "var(--color-bad)" : colors.get(span.service_name)!,
    strong: span.status === "error",
  }));
