// Logging in and out from a page, with the package's `createBrowserAuth`. Its store is the memory of this page, where the inspector sees
// the tokens.
import { createBrowserAuth, type BrowserAuth } from "auth0-sdk/browser";
import { base } from "./base";
import { networkOf, open, visit } from "./inpage";
import { signal } from "./signal";
import type { Tenant } from "./tenant";

export interface Tokens {
  access_token: string;
  id_token?: string | undefined;
  refresh_token?: string | undefined;
  /** Milliseconds since the epoch. */
  expires: number;
  /** Of the login that gave the ID token. */
  nonce?: string | undefined;
  how: string;
}

/** Gone with the page; the tenant's own session brings it back silently. */
export const session = signal<Tokens | undefined>(undefined);

export interface Wanted {
  audience: string;
  scope: string;
}

// What `createBrowserAuth` keeps.
interface Kept {
  idToken?: string;
  refreshToken?: string;
  tokens: { token: string; expiresAt: number }[];
}

/** Whether the page was come back to from a login (RFC 6749, section 4.1.2). */
export const isCallback = (): boolean => {
  const query = new URLSearchParams(location.search);
  return query.has("state") && (query.has("code") || query.has("error"));
};

/** The page itself, which a static host has in any case. */
export const redirectUri = (): string => base.href;

let how = "";
let made: { of: string; auth: BrowserAuth } | undefined;
const kept = new Map<string, string>();

const store = {
  get: (key: string) => kept.get(key),
  set: (key: string, text: string) => {
    kept.set(key, text);
    const { idToken, refreshToken, tokens } = JSON.parse(text) as Kept;
    const newest = tokens.at(-1);
    if (newest) session.set({ access_token: newest.token, id_token: idToken, refresh_token: refreshToken, expires: newest.expiresAt * 1000, nonce: nonceOf(idToken), how });
  },
  remove: (key: string) => {
    kept.delete(key);
    session.set(undefined);
  },
};

// The package has compared it with the login's before it keeps the token.
const nonceOf = (token: string | undefined): string | undefined => {
  try {
    return (JSON.parse(atob((token?.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/"))) as { nonce?: string }).nonce;
  } catch {
    return undefined;
  }
};

/** The login of a tenant, one for as long as the tenant and what is wanted stay the same. */
export const authOf = (tenant: Tenant, { audience, scope }: Wanted): BrowserAuth => {
  const { domain, loginClientId = "" } = tenant;
  const of = JSON.stringify([domain, tenant.inPage, loginClientId, audience, scope]);
  if (made?.of !== of) made = { of, auth: createBrowserAuth({ domain, clientId: loginClientId, redirectUri: redirectUri(), scope, store, fetch: networkOf(tenant), ...(audience && { audience }) }) };
  return made.auth;
};

/** A login whose pages are shown in this one, of a tenant that lives here too. */
export const loginHere = async (tenant: Tenant, wanted: Wanted): Promise<void> => {
  how = "the tenant in this page";
  const auth = authOf(tenant, wanted);
  const urls: string[] = [];
  await auth.loginWithRedirect({ openUrl: (url) => urls.push(url) });
  await auth.handleRedirectCallback(await visit(urls[0] ?? ""));
};

export const loginByRedirect = (tenant: Tenant, wanted: Wanted): Promise<void> => authOf(tenant, wanted).loginWithRedirect();

/** Ends the login that this page came back from. */
export const finishRedirect = async (tenant: Tenant, wanted: Wanted): Promise<void> => {
  how = "redirect";
  try {
    const auth = authOf(tenant, wanted);
    if (auth.isCallback()) await auth.handleRedirectCallback();
  } finally {
    history.replaceState(undefined, "", `${base.pathname}#/login`);
    dispatchEvent(new PopStateEvent("popstate"));
  }
};

export const loginByPopup = async (tenant: Tenant, wanted: Wanted): Promise<void> => {
  how = "popup";
  await authOf(tenant, wanted).loginWithPopup({ authorizationParams: { response_mode: "web_message" } });
};

/** Asks in a hidden frame, where the tenant's own session answers in the user's place. */
export const loginSilently = async (tenant: Tenant, wanted: Wanted): Promise<void> => {
  if (tenant.inPage) {
    how = "the tenant in this page";
    const auth = authOf(tenant, wanted);
    const urls: string[] = [];
    await auth.loginWithRedirect({ authorizationParams: { prompt: "none" }, openUrl: (url) => urls.push(url) });
    const page = await open(urls[0] ?? "");
    await auth.handleRedirectCallback(page.url);
    return;
  }
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.title = "Silent login";
  document.body.append(frame);
  how = "hidden frame";
  try {
    await authOf(tenant, wanted).loginWithPopup({ popup: frame.contentWindow, timeoutInSeconds: 15, authorizationParams: { prompt: "none", response_mode: "web_message" } });
  } finally {
    frame.remove();
  }
};

export const refresh = async (tenant: Tenant, wanted: Wanted): Promise<void> => {
  how = "refresh token";
  await authOf(tenant, wanted).getAccessToken({ cacheMode: "off" });
};

export const logout = (tenant: Tenant, wanted: Wanted): Promise<void> => {
  const inPage = tenant.inPage && { openUrl: (url: string) => open(url) };
  return authOf(tenant, wanted).logout({ returnTo: base.href, ...inPage });
};
