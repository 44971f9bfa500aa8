/** The size of an element as it changes. */
import { type RefObject, useLayoutEffect, useState } from "react";

type Side = "clientWidth" | "clientHeight";

function useSide(element: RefObject<HTMLElement | null>, side: Side): number {
  const [size, setSize] = useState(0);
  useLayoutEffect(() => {
    const watched = element.current;
    if (!watched) return;
    setSize(watched[side]);
    const observer = new ResizeObserver(() => setSize(watched[side]));
    observer.observe(watched);
    return () => observer.disconnect();
  }, [element, side]);
  return size;
}

export const useWidth = (element: RefObject<HTMLElement | null>) => useSide(element, "clientWidth");

export const useHeight = (element: RefObject<HTMLElement | null>) => useSide(element, "clientHeight");
