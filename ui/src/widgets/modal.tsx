/** A modal dialog on the browser's own element: focus trap, Esc and backdrop come with it. */
import { X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { buttonClasses } from "./button";
import { classes } from "./classes";

type ModalProps = { open: boolean; onClose: () => void; title: string; children: ReactNode };

export function Modal({ open, onClose, title, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!open) return dialog.current?.close();
    dialog.current?.showModal();
    dialog.current?.querySelector("input")?.focus(); // else the browser picks the close button
  }, [open]);
  return (
    <dialog
      ref={dialog}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
      className="m-auto w-[min(560px,calc(100vw-32px))] rounded-xl border border-line-strong bg-surface p-0 text-ink shadow-float"
    >
      <div className="flex h-12 items-center justify-between border-b border-line pr-2.5 pl-5">
        <h2 className="font-semibold">{title}</h2>
        <button type="button" aria-label="Close" onClick={onClose} className={classes(buttonClasses("quiet"), "w-7 px-0! pointer-coarse:w-9")}>
          <X size={15} aria-hidden />
        </button>
      </div>
      <div className="p-5">{open && children}</div>
    </dialog>
  );
}
