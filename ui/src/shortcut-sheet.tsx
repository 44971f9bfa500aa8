/** The list of keyboard shortcuts. */
import { Kbd } from "./widgets/kbd";
import { Modal } from "./widgets/modal";

const SHORTCUTS: { page: string; keys: [string, string][] }[] = [
  {
    page: "Everywhere",
    keys: [
      ["/", "Search"],
      ["?", "This sheet"],
    ],
  },
  {
    page: "Trace list",
    keys: [
      ["j k", "Next, previous trace"],
      ["Enter", "Open it"],
      ["l", "Follow new traces"],
      ["r", "Refresh"],
    ],
  },
  {
    page: "Trace",
    keys: [
      ["↑ ↓", "Previous, next span"],
      ["← →", "Collapse, expand"],
      ["f", "Zoom to the selected span"],
      ["0", "Show the whole trace"],
      ["+ −", "Zoom in, out"],
      ["a d", "Pan left, right"],
      ["n p", "Next, previous match"],
      ["[ ]", "Previous, next trace of the list"],
      ["Esc", "Close the span"],
    ],
  },
];

export const ShortcutSheet = ({ open, onClose }: { open: boolean; onClose: () => void }) => (
  <Modal open={open} onClose={onClose} title="Keyboard shortcuts">
    <div className="grid gap-x-10 gap-y-5 sm:grid-cols-2">
      {SHORTCUTS.map(({ page, keys }) => (
        <section key={page} className={page === "Trace" ? "sm:col-start-2 sm:row-span-2 sm:row-start-1" : ""}>
          <h3 className="mb-2 text-xs font-medium text-ink-muted">{page}</h3>
          <dl className="flex flex-col gap-1.5">
            {keys.map(([key, does]) => (
              <div key={key} className="flex items-center justify-between gap-4">
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
      ))}
    </div>
  </Modal>
);
