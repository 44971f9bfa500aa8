/** The frame around every page: the bar on top, the shortcut sheet, the page to log in. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { Activity, Keyboard, LogOut, Monitor, Moon, Settings, Sun } from "lucide-react";
import { useState } from "react";
import { become, isNobody, logOut, sessionQuery } from "./api/session";
import { rememberedSearch } from "./features/traces/recall";
import { useKeys } from "./keys";
import { LogIn } from "./log-in";
import { ShortcutSheet } from "./shortcut-sheet";
import { nextTheme, setTheme, useTheme } from "./theme";
import { useTitle } from "./title";
import { IconButton } from "./widgets/button";
import { Notice } from "./widgets/notice";
import { TipProvider } from "./widgets/tip";

export function Shell() {
  const [sheet, setSheet] = useState(false);
  const navigate = useNavigate();
  const path = useRouterState({ select: (state) => state.location.pathname });
  // It takes another key, and asks for that by itself; until it is there, what is shown is another page.
  const manages = useRouterState({ select: ({ matches }) => matches.at(-1)?.fullPath === "/settings" });
  useTitle(titleOf(path));
  useKeys({
    "?": () => setSheet(true),
    o: () => void navigate({ to: "/" }),
    m: () => void navigate({ to: "/models" }),
    t: () => void navigate({ to: "/traces", search: rememberedSearch() }),
    g: () => void navigate({ to: "/gpus" }),
    e: () => void navigate({ to: "/engines" }),
    $: () => void navigate({ to: "/cost" }),
    h: () => void navigate({ to: "/health" }),
    s: () => void navigate({ to: "/settings" }),
  });
  return (
    <TipProvider>
      <div className="flex h-full flex-col">
        <header className="flex min-h-11 shrink-0 items-center gap-5 border-b border-line bg-surface px-4 max-sm:flex-wrap max-sm:gap-x-3 max-sm:gap-y-0">
          <Link to="/" className="flex items-center gap-2 rounded font-semibold tracking-tight">
            <Mark /> <span className="max-sm:sr-only">Axonize</span>
          </Link>
          <nav aria-label="Pages" className="flex h-11 items-stretch gap-4 max-sm:order-last max-sm:h-9 max-sm:w-full max-sm:justify-between max-sm:gap-1">
            {PAGES.map(({ to, name }) => (
              <Link key={to} to={to} activeOptions={{ includeSearch: false, exact: to === "/" }} className={TAB}>
                {name}
              </Link>
            ))}
          </nav>
          <div className="ml-auto flex h-11 items-center gap-1">
            <IconButton icon={Keyboard} label="Keyboard shortcuts" shortcut="?" onClick={() => setSheet(true)} />
            <ThemeButton />
            <IconButton icon={Activity} label="Health of the server" shortcut="h" {...here(path === "/health")} onClick={() => void navigate({ to: "/health" })} />
            <IconButton icon={Settings} label="Settings" shortcut="s" {...here(manages)} onClick={() => void navigate({ to: "/settings" })} />
            <LogOutButton />
          </div>
        </header>
        <div className="min-h-0 flex-1">
          <Pages manages={manages} />
        </div>
      </div>
      <Notice />
      <ShortcutSheet open={sheet} onClose={() => setSheet(false)} />
    </TipProvider>
  );
}

/** The page, once it is known that it may be asked for; when nobody can say, the page finds out. */
function Pages({ manages }: { manages: boolean }) {
  const { data, isPending, failureCount } = useQuery(sessionQuery);
  if (isPending && failureCount === 0) return null;
  return isNobody(data) && !manages ? <LogIn /> : <Outlet />;
}

const PAGES = [
  { to: "/", name: "Overview" },
  { to: "/traces", name: "Traces" },
  { to: "/models", name: "Models" },
  { to: "/gpus", name: "GPUs" },
  { to: "/engines", name: "Engines" },
  { to: "/cost", name: "Cost" },
] as const;

/** A trace, a GPU, and what is not there have names of their own. */
const titleOf = (path: string) => PAGES.find(({ to }) => to === path)?.name ?? { "/health": "Health", "/settings": "Settings" }[path];

/** Marks the button of the page that is open. */
const here = (open: boolean) => (open ? ({ "aria-current": "page", className: "text-accent!" } as const) : {});

const TAB =
  "flex items-center border-b-2 border-transparent px-0.5 pt-0.5 text-ink-muted hover:text-ink data-[status=active]:border-accent data-[status=active]:text-ink";

const Mark = () => (
  <svg viewBox="0 0 32 32" width="20" height="20" aria-hidden>
    <rect width="32" height="32" rx="8" className="fill-[#3352d8]" />
    <path d="M7 10h11M11 16h14M16 22h7" stroke="#fff" strokeWidth="3.4" strokeLinecap="round" fill="none" />
  </svg>
);

/** Shown to those who have logged in; to the others there is nothing to end. */
function LogOutButton() {
  const queries = useQueryClient();
  const { data } = useQuery(sessionQuery);
  const leave = useMutation({
    mutationFn: () => logOut(queries),
    onSuccess: (who) => become(queries, who),
    onError: () => void queries.invalidateQueries(),
  });
  if (!data?.has_session) return null;
  return <IconButton icon={LogOut} label={`Log out of ${data.tenant}`} onClick={() => leave.mutate()} disabled={leave.isPending} />;
}

const ICONS = { system: Monitor, light: Sun, dark: Moon };
const NAMES = { system: "as the system", light: "light", dark: "dark" };

function ThemeButton() {
  const { theme } = useTheme();
  return <IconButton icon={ICONS[theme]} label={`Theme: ${NAMES[theme]}`} onClick={() => setTheme(nextTheme(theme))} />;
}
