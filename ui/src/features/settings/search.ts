/** What the address says: whose settings are open. */
export type SettingsSearch = { tenant?: string };

export const readSettings = (search: Record<string, unknown>): SettingsSearch =>
  typeof search.tenant === "string" && search.tenant ? { tenant: search.tenant } : {};
