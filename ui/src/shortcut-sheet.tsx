/** The list of keyboard shortcuts. */
import { Kbd } from "./widgets/kbd";
import { Modal } from "./widgets/modal";

export type Shortcuts = { page: string; keys: [string, string][] };

const EVERYWHERE: Shortcuts = {
  page: "Everywhere",
  keys: [
    ["o t m", "Overview, traces, models"],
    ["g e $", "GPUs, engines, cost"],
    ["h s", "Health, settings"],
    ["?", "This sheet"],
  ],
};

const LIST: Shortcuts = {
  page: "Trace list",
  keys: [
    ["/", "Filter"],
    ["j k", "Next, previous trace"],
    ["Enter", "Open it"],
    ["l", "Follow new traces"],
    ["c", "Show or hide the charts"],
    ["r", "Refresh"],
  ],
};

const CHARTS: Shortcuts = {
  page: "Charts over time",
  keys: [
    ["+ −", "Zoom in, out"],
    ["a d", "Earlier, later"],
    ["0", "Show the last hour"],
    ["j k", "Next, previous step of an engine"],
    ["Esc", "Close the step"],
    ["r", "Refresh"],
  ],
};

const TRACE: Shortcuts = {
  page: "Trace",
  keys: [
    ["/", "Find spans"],
    ["↑ ↓ k j", "Previous, next span"],
    ["← →", "Collapse, expand"],
    ["f", "Zoom to the selected span"],
    ["0", "Show the whole trace"],
    ["+ −", "Zoom in, out"],
    ["a d", "Pan left, right"],
    ["n p", "Next, previous match"],
    ["w c", "Where the time went, critical path"],
    ["v", "Tree or flame"],
    ["[ ]", "Previous, next trace"],
    ["Esc", "Close the span"],
  ],
};

/** What has the focus takes these keys for itself. */
const FOCUSED: Shortcuts = {
  page: "On what has the focus",
  keys: [
    ["← → ↑ ↓", "Heatmap: choose requests (shift: more)"],
    ["Enter Esc", "Heatmap: what differs, end it"],
    ["← →", "Steps of a trace: previous, next"],
    ["← →", "Divider: wider, narrower"],
  ],
};

export const ALL: Shortcuts[] = [EVERYWHERE, LIST, CHARTS, TRACE, FOCUSED];

export const ShortcutSheet = ({ open, onClose }: { open: boolean; onClose: () => void }) => (
  <Modal open={open} onClose={onClose} title="Keyboard shortcuts">
    <div className="grid gap-x-10 gap-y-6 sm:grid-cols-2">
      <div className="flex flex-col gap-6">
        <Section {...EVERYWHERE} />
        <Section {...LIST} />
        <Section {...CHARTS} />
        <p className="text-sm text-ink-muted">On the chart, ctrl + wheel zooms and shift + wheel or dragging pans.</p>
      </div>
      <div className="flex flex-col gap-6">
        <Section {...TRACE} />
        <Section {...FOCUSED} />
      </div>
    </div>
  </Modal>
);

const Section = ({ page, keys }: Shortcuts) => (
  <section>
    <h3 className="mb-2 text-xs font-medium text-ink-muted">{page}</h3>
    <dl className="flex flex-col gap-1.5">
      {keys.map(([key, does]) => (
        <div key={does} className="flex items-center justify-between gap-4">
          <dt>{does}</dt>
          <dd className="flex gap-1">
            {key.split(" ").map((one) => (
              <Kbd key={one}>{one}</Kbd>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  </section>
);
