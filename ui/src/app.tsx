/** The router: one line a page. */
import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { basePath } from "./api/client";
import { traceQuery } from "./api/queries";
import { readEngines } from "./features/engines/search";
import { readSettings } from "./features/settings/search";
import { readView } from "./features/trace/view";
import { readSearch } from "./features/traces/search";
import { parseParams, stringifyParams } from "./search-params";
import { Shell } from "./shell";
import { TracesPage } from "./features/traces";
import { NotFound } from "./not-found";
import { readRange } from "./time-range/address";
import { ProblemNotice } from "./widgets/problem-notice";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/traces" });
  },
});

const traces = createRoute({
  getParentRoute: () => root,
  path: "/traces",
  validateSearch: readSearch,
  component: TracesPage,
});

const trace = createRoute({
  getParentRoute: () => root,
  path: "/traces/$traceId",
  validateSearch: readView,
  loader: ({ context, params }) => void context.queries.prefetchQuery(traceQuery(params.traceId)),
  component: lazyRouteComponent(() => import("./features/trace"), "TracePage"),
});

const gpus = createRoute({
  getParentRoute: () => root,
  path: "/gpus",
  validateSearch: readRange,
  component: lazyRouteComponent(() => import("./features/gpus"), "GpusPage"),
});

const gpu = createRoute({
  getParentRoute: () => root,
  path: "/gpus/$uuid",
  validateSearch: readRange,
  component: lazyRouteComponent(() => import("./features/gpu"), "GpuPage"),
});

const engines = createRoute({
  getParentRoute: () => root,
  path: "/engines",
  validateSearch: readEngines,
  component: lazyRouteComponent(() => import("./features/engines"), "EnginesPage"),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: "/settings",
  validateSearch: readSettings,
  component: lazyRouteComponent(() => import("./features/settings"), "SettingsPage"),
});

const health = createRoute({
  getParentRoute: () => root,
  path: "/health",
  component: lazyRouteComponent(() => import("./features/health"), "HealthPage"),
});

export const createAppRouter = (queries: QueryClient) =>
  createRouter({
    routeTree: root.addChildren([home, traces, trace, gpus, gpu, engines, settings, health]),
    context: { queries },
    basepath: basePath(),
    parseSearch: parseParams,
    stringifySearch: stringifyParams,
    scrollRestoration: true,
    defaultErrorComponent: ({ error, reset }) => (
      <ProblemNotice error={error instanceof Error ? error : new Error(String(error))} onRetry={reset} />
    ),
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
