/** Managing tenants. A refusal here never asks for the log-in of the other pages: it takes another key. */
import { queryOptions } from "@tanstack/react-query";
import { client } from "./client";
import { problemOf } from "./problem";
import type { paths } from "./schema";

type Body<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Found } } } };
}
  ? Found
  : never;

const TENANTS = "/api/v1/admin/tenants";
const ONE = "/api/v1/admin/tenants/{tenant_id}";

export type Tenant = Body<typeof TENANTS>["items"][number];
export type ApiKey = Body<`${typeof ONE}/keys`>["items"][number];
export type DayUsage = Body<`${typeof ONE}/usage`>["items"][number];
export type Retention = Tenant["retention"];
export type Scope = "ingest" | "read" | "admin";

type Answered<Data> = Promise<{ data?: Data; error?: unknown; response: Response }>;

async function taken<Data>(answer: Answered<Data>): Promise<Data> {
  const { data, error, response } = await answer;
  if (response.ok && data !== undefined) return data;
  throw problemOf(response, error);
}

async function done(answer: Answered<unknown>): Promise<void> {
  const { error, response } = await answer;
  if (!response.ok) throw problemOf(response, error);
}

const of = (tenant: string) => ({ params: { path: { tenant_id: tenant } } });

export const managerQuery = queryOptions({
  queryKey: ["admin", "manager"],
  queryFn: ({ signal }) => taken(client.GET("/api/v1/admin/session", { signal })),
  staleTime: 60_000,
  retry: false,
});

export const tenantsQuery = queryOptions({
  queryKey: ["admin", "tenants"],
  queryFn: ({ signal }) => taken(client.GET(TENANTS, { signal })),
});

export const keysQuery = (tenant: string) =>
  queryOptions({
    queryKey: ["admin", "keys", tenant],
    queryFn: ({ signal }) => taken(client.GET(`${ONE}/keys`, { ...of(tenant), signal })),
  });

export const usageQuery = (tenant: string) =>
  queryOptions({
    queryKey: ["admin", "usage", tenant],
    queryFn: ({ signal }) => taken(client.GET(`${ONE}/usage`, { ...of(tenant), signal })),
    staleTime: 30_000,
  });

export const logInAdmin = (key: string) => taken(client.POST("/api/v1/admin/session", { body: { key } }));
export const logOutAdmin = () => done(client.DELETE("/api/v1/admin/session"));
export const makeTenant = (body: { tenant_id: string; name: string }) => taken(client.POST(TENANTS, { body }));
export const suspendTenant = (tenant: string) => taken(client.POST(`${ONE}/suspend`, of(tenant)));
export const resumeTenant = (tenant: string) => taken(client.POST(`${ONE}/resume`, of(tenant)));
export const deleteTenant = (tenant: string) => done(client.DELETE(ONE, of(tenant)));
export const setQuota = (tenant: string, max_spans_per_day: number | null) =>
  taken(client.PUT(`${ONE}/quota`, { ...of(tenant), body: { max_spans_per_day } }));
export const setRetention = (tenant: string, body: Retention) => taken(client.PUT(`${ONE}/retention`, { ...of(tenant), body }));
export const makeKey = (tenant: string, body: { name: string; scopes: Scope[] }) =>
  taken(client.POST(`${ONE}/keys`, { ...of(tenant), body }));
export const revokeKey = (tenant: string, prefix: string) =>
  done(client.DELETE(`${ONE}/keys/{prefix}`, { params: { path: { tenant_id: tenant, prefix } } }));
