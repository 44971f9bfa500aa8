/** What the tab of the browser says: many are open, each with another trace. */
import { useEffect } from "react";

/** Name the page that is open; nothing is said as long as its name is not known. */
export function useTitle(page: string | undefined) {
  useEffect(() => {
    if (page) document.title = `${page} · Axonize`;
  }, [page]);
}
