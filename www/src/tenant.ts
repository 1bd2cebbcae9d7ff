// Which tenant the page talks to, and as whom. Secrets stay in the memory of the page.
import { ManagementClient, TokenProvider } from "auth0-sdk";
import { base } from "./base";
import { networkOf, tenantInPage } from "./inpage";
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
  /** It lives in this page and has no address. */
  inPage?: boolean | undefined;
}

export type Access = { state: "none" } | { state: "asking" } | { state: "granted"; scopes: Set<string> | undefined } | { state: "refused"; problem: string };

export const tenant = signal<Tenant | undefined>(undefined);
export const access = signal<Access>({ state: "none" });

/** The origin: the domain may be one with a scheme. */
export const originOf = ({ domain }: Pick<Tenant, "domain">): string => (/^https?:\/\//.test(domain) ? domain.replace(/\/+$/, "") : `https://${domain}`);

const options = (given: Tenant) => {
  const { domain, audience, token, clientId = "", clientSecret = "" } = given;
  const fetch = networkOf(given);
  return token ? { domain, token, fetch } : { domain, clientId, clientSecret, audience, fetch };
};

/** A client whose requests are written down. */
export const clientOf = (given: Tenant, recorder: Recorder): ManagementClient => {
  recorder.network = networkOf(given);
  return new ManagementClient({ ...options(given), fetch: recorder.fetch });
};

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

/** Starts the tenant inside this page, and takes it. */
export const connectInPage = async (): Promise<void> => {
  access.set({ state: "asking" });
  try {
    await connect(await tenantInPage());
  } catch (thrown) {
    access.set({ state: "refused", problem: messageOf(thrown) });
  }
};

/** What the server of this page says of the tenant beside it; nothing where the page stands alone. */
export const announced = async (): Promise<Tenant | undefined> => {
  try {
    const response = await fetch(new URL("config.json", base));
    if (!response.ok || !response.headers.get("content-type")?.includes("json")) return undefined;
    return (await response.json()) as Tenant;
  } catch {
    return undefined;
  }
};
