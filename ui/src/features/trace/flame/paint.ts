/** Draws the lanes in sight: of spans that share a pixel one, but every error. */
import { fresh } from "@/charts/canvas";
import { lengthOf, type Window } from "@/charts/scale";
import type { CriticalPath } from "../critical-path";
import { inSight } from "../critical-marks";
import type { Matches } from "../match";
import type { Tree } from "../tree";
import { firstEndingAfter, type Flame } from "./layout";

export const LANE = 20;
const BAR = 18;
/** Pixels of a letter, about: measuring each name would take longer than drawing it. */
const LETTER = 6.4;
const LABEL = 30;

export type Look = {
  tree: Tree;
  flame: Flame;
  window: Window;
  matches: Matches | undefined;
  selected: number;
  path: CriticalPath | undefined;
};

/** Colours as a canvas knows them. */
export type Palette = { of: Map<string, string>; bad: string; text: string; ink: string; font: string };

export function paint(canvas: HTMLCanvasElement, look: Look, palette: Palette, width: number, height: number, top: number) {
  const context = fresh(canvas, width, height);
  if (!context) return;
  const { flame } = look;
  context.font = palette.font;
  context.textBaseline = "middle";
  const last = Math.min(flame.lanes - 1, Math.floor((top + height) / LANE));
  for (let lane = Math.max(0, Math.floor(top / LANE)); lane <= last; lane++) paintLane(context, look, palette, width, lane, lane * LANE - top);
  paintErrors(context, look, palette, width, height, top);
  paintPath(context, look, palette, width, height, top);
  paintSelected(context, look, palette, width, top);
}

const isDim = ({ matches, selected }: Look, index: number) => matches !== undefined && matches.isMatch[index] !== 1 && index !== selected;

function paintLane(context: CanvasRenderingContext2D, look: Look, palette: Palette, width: number, lane: number, y: number) {
  const { tree, flame, window } = look;
  const scale = width / lengthOf(window);
  const end = flame.first[lane + 1]!;
  let at = firstEndingAfter(flame, lane, window.start - 1 / scale);
  while (at < end) {
    const index = flame.spans[at]!;
    const from = (flame.start[index]! - window.start) * scale;
    if (from > width) return;
    const to = (flame.end[index]! - window.start) * scale;
    const [left, right] = [Math.max(from, -4), Math.min(to, width + 4)];
    context.globalAlpha = isDim(look, index) ? 0.25 : 1;
    context.fillStyle = palette.of.get(tree.spans[index]!.service_name)!;
    context.fillRect(left, y + 1, Math.max(right - left - 0.5, 1), BAR);
    if (right - left > LABEL) label(context, tree.spans[index]!.name, palette, Math.max(left, 0), right, y);
    // On to the next span that reaches another pixel.
    at = to - from < 1 ? Math.max(at + 1, firstEndingAfter(flame, lane, window.start + (Math.max(from, 0) + 1) / scale, at)) : at + 1;
  }
  context.globalAlpha = 1;
}

function label(context: CanvasRenderingContext2D, name: string, palette: Palette, left: number, right: number, y: number) {
  const room = Math.floor((right - left - 8) / LETTER);
  if (room < 3) return;
  context.fillStyle = palette.text;
  context.fillText(name.length > room ? `${name.slice(0, room - 1)}…` : name, left + 4, y + LANE / 2, right - left - 6);
}

function paintErrors(context: CanvasRenderingContext2D, look: Look, palette: Palette, width: number, height: number, top: number) {
  const { flame, window, tree } = look;
  const scale = width / lengthOf(window);
  const reached = new Map<number, number>();
  for (const index of flame.errors) {
    const lane = flame.lane[index]!;
    const y = lane * LANE - top;
    const [from, to] = [(flame.start[index]! - window.start) * scale, (flame.end[index]! - window.start) * scale];
    if (y < -LANE || y > height || to < 0 || from > width || (reached.get(lane) ?? -9) >= to) continue;
    const [left, right] = [Math.max(from, -4), Math.min(to, width + 4)];
    const wide = Math.max(right - left, 3);
    context.globalAlpha = isDim(look, index) ? 0.5 : 1;
    context.fillStyle = palette.bad;
    context.fillRect(left, y + 1, wide, BAR);
    if (wide > LABEL) label(context, tree.spans[index]!.name, palette, Math.max(left, 0), right, y);
    reached.set(lane, left + wide);
  }
  context.globalAlpha = 1;
}

function paintPath(context: CanvasRenderingContext2D, { path, flame, window }: Look, palette: Palette, width: number, height: number, top: number) {
  context.fillStyle = palette.ink;
  for (const [index, stretches] of path?.of ?? []) {
    const y = flame.lane[index]! * LANE - top;
    if (y < -LANE || y > height) continue;
    for (const [from, to] of inSight(stretches, window, width)) context.fillRect(from * width, y + LANE - 3, Math.max((to - from) * width, 1), 2);
  }
}

function paintSelected(context: CanvasRenderingContext2D, { flame, window, selected }: Look, palette: Palette, width: number, top: number) {
  if (selected < 0) return;
  const scale = width / lengthOf(window);
  const left = Math.max((flame.start[selected]! - window.start) * scale, -4);
  const right = Math.min((flame.end[selected]! - window.start) * scale, width + 4);
  context.strokeStyle = palette.ink;
  context.lineWidth = 2;
  context.strokeRect(left - 1, flame.lane[selected]! * LANE - top, Math.max(right - left, 3) + 2, LANE);
}
