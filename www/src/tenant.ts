// Which tenant the page talks to, and as whom. Secrets stay in the memory of the page.
import { ManagementClient, TokenProvider } from "auth0-sdk";
import { signal } from "./signal";
import { Recorder, scopesOf } from "./record";

export interface Tenant {
  domain: string;
  audience?: string | undefined;
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  token?: string | undefined;
  /** Of the single-page application that the login panel is. */
  loginClientId?: string | undefined;
  /** The API that a login is for. */
  loginAudience?: string | undefined;
  /** The tenant has the test controls of `auth0-sandbox`. */
  sandbox: boolean;
}

export type Access = { state: "none" } | { state: "asking" } | { state: "granted"; scopes: Set<string> | undefined } | { state: "refused"; problem: string };

export const tenant = signal<Tenant | undefined>(undefined);
export const access = signal<Access>({ state: "none" });

/** The origin: the domain may be one with a scheme. */
export const originOf = ({ domain }: Pick<Tenant, "domain">): string => (/^https?:\/\//.test(domain) ? domain.replace(/\/+$/, "") : `https://${domain}`);

const options = (given: Tenant) => {
  const { domain, audience, token, clientId = "", clientSecret = "" } = given;
  return token ? { domain, token } : { domain, clientId, clientSecret, audience };
};

/** A client whose requests are written down. */
export const clientOf = (given: Tenant, recorder: Recorder): ManagementClient => new ManagementClient({ ...options(given), fetch: recorder.fetch });

export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** Takes a tenant, and finds out what its token may do. */
export const connect = async (given: Tenant): Promise<void> => {
  tenant.set(given);
  access.set({ state: "asking" });
  try {
    const token = given.token ?? (await new TokenProvider(options(given)).getAccessToken());
    if (tenant.get() === given) access.set({ state: "granted", scopes: scopesOf(token) });
  } catch (thrown) {
    if (tenant.get() === given) access.set({ state: "refused", problem: messageOf(thrown) });
  }
};

/** What the server of this page says of the tenant beside it; nothing where the page stands alone. */
export const announced = async (): Promise<Tenant | undefined> => {
  try {
    const response = await fetch("/config.json");
    if (!response.ok || !response.headers.get("content-type")?.includes("json")) return undefined;
    return (await response.json()) as Tenant;
  } catch {
    return undefined;
  }
};
