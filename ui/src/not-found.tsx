/** An address that leads nowhere. */
import { Link } from "@tanstack/react-router";
import { useTitle } from "./title";
import { buttonClasses } from "./widgets/button";

export function NotFound() {
  useTitle("No such page");
  return (
    <main className="flex flex-col items-center gap-3 px-6 py-20 text-center">
      <h1 className="text-lg font-semibold">There is no such page</h1>
      <p className="max-w-full break-words text-ink-muted">
        Nothing is at <code>{location.pathname}</code>.
      </p>
      <Link to="/" className={buttonClasses("plain")}>
        Go to the overview
      </Link>
    </main>
  );
}
