/** An address that leads nowhere. */
import { Link } from "@tanstack/react-router";
import { buttonClasses } from "./widgets/button";

export const NotFound = () => (
  <main className="flex flex-col items-center gap-3 px-6 py-20 text-center">
    <h1 className="text-lg font-semibold">There is no such page</h1>
    <Link to="/" className={buttonClasses("plain")}>
      Go to the overview
    </Link>
  </main>
);
