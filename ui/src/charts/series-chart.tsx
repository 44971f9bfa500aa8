/** Values over time: drawn once, while the cursor moves over it. */
import { memo, type ReactNode, useEffect, useMemo, useRef } from "react";
import { useTheme } from "@/theme";
import type { Stretch } from "./clock";
import { Frame } from "./frame";
import { type Pointing, usePointed } from "./pointer";
import { highest, isEmpty, type Line, placeUnder, roundTop, type Series } from "./series";
import { paintSeries } from "./series-paint";

type SeriesChartProps = {
  title: string;
  series: Series;
  format: (value: number) => string;
  pointing: Pointing;
  /** The end of the axis, where it is known. */
  top?: number;
  /** Said when there is nothing to draw. */
  nothing: string;
  knownFrom?: number;
  /** Whether there is nothing to draw, where the values do not tell. */
  empty?: boolean;
  height?: number;
  /** Right after the title. */
  action?: ReactNode;
};

export function SeriesChart({ title, series, format, pointing, top, nothing, knownFrom, height = 76, action, ...rest }: SeriesChartProps) {
  const end = useMemo(() => top ?? roundTop(highest(series)), [top, series]);
  const blank = useMemo(() => isEmpty(series), [series]);
  const empty = rest.empty ?? blank;
  const { from, to } = pointing;
  const stretch = useMemo(() => ({ from, to }), [from, to]);
  return (
    <Frame
      title={title}
      action={action}
      pointing={pointing}
      height={height}
      knownFrom={knownFrom}
      note={empty ? nothing : undefined}
      axis={!empty && <Axis top={end} format={format} />}
      head={!empty && <Values series={series} format={format} pointing={pointing} />}
    >
      {(width) => (
        <Picture title={title} series={series} format={format} pointing={pointing}>
          <Drawn series={series} stretch={stretch} top={end} width={width} height={height} />
        </Picture>
      )}
    </Frame>
  );
}

type SaidProps = Pick<SeriesChartProps, "series" | "format" | "pointing">;

/** What each line says under the cursor, or last without one. */
function useSaid({ series, format, pointing }: SaidProps): string[] {
  const { at } = usePointed(pointing);
  const place = at === undefined ? undefined : placeUnder(series, at, pointing);
  return series.lines.map((line) => saying(line, place ?? lastKnown(line), format));
}

const lastKnown = ({ values }: Line) => values.findLastIndex((value) => !Number.isNaN(value));

/** "63 % (12 % – 97 %)" at a place. */
function saying({ values, low, high }: Line, place: number, format: (value: number) => string): string {
  const value = values[place];
  if (value === undefined || Number.isNaN(value)) return "–";
  if (!low || !high || format(low[place]!) === format(high[place]!)) return format(value);
  return `${format(value)} (${format(low[place]!)} – ${format(high[place]!)})`;
}

function Values(props: SaidProps) {
  const said = useSaid(props);
  const { lines } = props.series;
  return lines.map((line, index) => <Value key={line.label} line={line} said={said[index]!} alone={lines.length === 1} />);
}

/** The canvas as those hear it who do not see it. */
const Picture = ({ title, children, ...props }: SaidProps & { title: string; children: ReactNode }) => (
  <div role="img" aria-label={`${title}: ${useSaid(props).join(", ")}`} className="absolute inset-0">
    {children}
  </div>
);

const Value = ({ line, said, alone }: { line: Line; said: string; alone: boolean }) => (
  <span className="flex min-w-0 items-center gap-1.5">
    {!alone && <span aria-hidden className="size-2 shrink-0 rounded-[2px]" style={{ background: line.color }} />}
    {!alone && <span className="truncate max-sm:max-w-16">{line.label}</span>}
    <span className="truncate text-ink">{said}</span>
  </span>
);

const Axis = ({ top, format }: { top: number; format: (value: number) => string }) => (
  <>
    <span className="absolute top-[-5px] right-2">{format(top)}</span>
    {format(top / 2) !== format(top) && <span className="absolute top-1/2 right-2 -translate-y-1/2">{format(top / 2)}</span>}
    <span className="absolute right-2 bottom-[-5px]">0</span>
  </>
);

type DrawnProps = { series: Series; stretch: Stretch; top: number; width: number; height: number };

const Drawn = memo(function Drawn({ series, stretch, top, width, height }: DrawnProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { dark } = useTheme();
  useEffect(() => {
    if (canvas.current && width > 0) paintSeries(canvas.current, { series, stretch, top, width, height });
  }, [series, stretch, top, width, height, dark]); // dark: the colours come to something else
  return <canvas ref={canvas} aria-hidden style={{ width, height }} className="absolute inset-0" />;
});
