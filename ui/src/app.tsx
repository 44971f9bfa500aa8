/** The router: one line a page. */
import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { basePath } from "./api/client";
import { traceQuery } from "./api/queries";
import { isLetIn } from "./api/session";
import { readCost } from "./features/cost/search";
import { readEngines } from "./features/engines/search";
import { readModels } from "./features/models/search";
import { readOverview } from "./features/overview/search";
import { readSettings } from "./features/settings/search";
import { readView } from "./features/trace/view";
import { readSearch } from "./features/traces/search";
import { parseParams, stringifyParams } from "./search-params";
import { Shell } from "./shell";
import { NotFound } from "./not-found";
import { readRange } from "./time-range/address";
import { ProblemNotice } from "./widgets/problem-notice";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: readOverview,
  component: lazyRouteComponent(() => import("./features/overview"), "OverviewPage"),
});

const traces = createRoute({
  getParentRoute: () => root,
  path: "/traces",
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import("./features/traces"), "TracesPage"),
});

const trace = createRoute({
  getParentRoute: () => root,
  path: "/traces/$traceId",
  validateSearch: readView,
  loader: ({ context, params }) => void prefetchTrace(context.queries, params.traceId),
  component: lazyRouteComponent(() => import("./features/trace"), "TracePage"),
});

async function prefetchTrace(queries: QueryClient, traceId: string) {
  if (await isLetIn(queries)) await queries.prefetchQuery(traceQuery(traceId));
}

const models = createRoute({
  getParentRoute: () => root,
  path: "/models",
  validateSearch: readModels,
  component: lazyRouteComponent(() => import("./features/models"), "ModelsPage"),
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

const cost = createRoute({
  getParentRoute: () => root,
  path: "/cost",
  validateSearch: readCost,
  component: lazyRouteComponent(() => import("./features/cost"), "CostPage"),
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
    routeTree: root.addChildren([home, traces, trace, models, gpus, gpu, engines, cost, settings, health]),
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
