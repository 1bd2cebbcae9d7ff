// Logging in and out from a page: redirect, popup, silently. The package makes the requests and judges the answers; here is what
// only a page does, windows and frames and keeping the transaction.
import { AuthenticationClient } from "auth0-sdk";
import { signal } from "./signal";
import { originOf, type Tenant } from "./tenant";

export interface Tokens {
  access_token: string;
  id_token?: string;
  refresh_token?: string;
  scope?: string;
  expires_in: number;
  /** Milliseconds since the epoch. */
  at: number;
  /** Of the login that gave the ID token. */
  nonce?: string;
  how: string;
}

/** The session is in the memory of the page, and gone with it; the tenant's own session brings it back silently. */
export const session = signal<Tokens | undefined>(undefined);

export interface Wanted {
  audience: string;
  scope: string;
}

type Kept = { transaction: Transaction; domain: string };
type Transaction = Awaited<ReturnType<AuthenticationClient["authorize"]>>["transaction"];

const KEY = "auth0-sdk-playground:transaction";

export const redirectUri = (): string => `${location.origin}/callback`;

export const authOf = (tenant: Tenant): AuthenticationClient => new AuthenticationClient({ domain: tenant.domain, clientId: tenant.loginClientId ?? "", publicClient: true });

const parameters = ({ audience, scope }: Wanted) => ({ redirect_uri: redirectUri(), scope, ...(audience ? { audience } : {}) });

type Answered = Awaited<ReturnType<AuthenticationClient["finishLogin"]>>;

const take = ({ data }: Answered, how: string, nonce?: string): Tokens => {
  const { access_token, id_token, refresh_token, scope, expires_in } = data as unknown as Tokens;
  const before = session.get();
  const tokens: Tokens = {
    access_token,
    expires_in,
    at: Date.now(),
    how,
    ...(id_token !== undefined && { id_token }),
    ...((refresh_token ?? before?.refresh_token) !== undefined && { refresh_token: refresh_token ?? before?.refresh_token ?? "" }),
    ...(scope !== undefined && { scope }),
    ...(nonce !== undefined && { nonce }),
  };
  session.set(tokens);
  return tokens;
};

export const loginByRedirect = async (tenant: Tenant, wanted: Wanted): Promise<void> => {
  const { url, transaction } = await authOf(tenant).authorize(parameters(wanted));
  // Of this tab alone, and for one login.
  const kept: Kept = { transaction, domain: tenant.domain };
  sessionStorage.setItem(KEY, JSON.stringify(kept));
  location.assign(url);
};

/** Ends the login that this page came back from; false where it did not come back from one. */
export const finishRedirect = async (tenant: Tenant): Promise<boolean> => {
  if (location.pathname !== "/callback") return false;
  const answer = location.href;
  const text = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  // The code is not left in the address, whatever comes of it.
  history.replaceState(undefined, "", "/#/login");
  dispatchEvent(new PopStateEvent("popstate"));
  if (!/[?&](code|error)=/.test(answer)) return false;
  if (!text) throw new Error("this tab began no login: begin it again");
  const { transaction, domain } = JSON.parse(text) as Kept;
  if (domain !== tenant.domain) throw new Error("the login was begun at another tenant");
  take(await authOf(tenant).finishLogin(transaction, answer), "redirect", transaction.nonce);
  return true;
};

interface Message {
  type?: string;
  response?: Record<string, string>;
}

// Waits for the tenant's message to this window (OAuth 2.0 Web Message Response Mode).
const message = (origin: string, from: () => Window | null, signal: AbortSignal): Promise<URLSearchParams> =>
  new Promise((resolve, reject) => {
    const listen = (event: MessageEvent<Message>) => {
      if (event.origin !== origin || event.source !== from() || event.data?.type !== "authorization_response") return;
      removeEventListener("message", listen);
      resolve(new URLSearchParams(event.data.response));
    };
    addEventListener("message", listen);
    signal.addEventListener("abort", () => {
      removeEventListener("message", listen);
      reject(signal.reason);
    }, { once: true });
  });

export const loginByPopup = async (tenant: Tenant, wanted: Wanted): Promise<void> => {
  // At once, while the browser still knows that somebody clicked.
  const popup = open("", "auth0-sdk-login", "popup,width=440,height=640");
  if (!popup) throw new Error("the browser blocked the popup");
  const controller = new AbortController();
  const timer = setInterval(() => popup.closed && controller.abort(new Error("the popup was closed before the login was done")), 300);
  try {
    const auth = authOf(tenant);
    const { url, transaction } = await auth.authorize({ ...parameters(wanted), response_mode: "web_message" });
    const answer = message(new URL(originOf(tenant)).origin, () => popup, controller.signal);
    popup.location.href = url;
    take(await auth.finishLogin(transaction, await answer), "popup", transaction.nonce);
  } finally {
    clearInterval(timer);
    popup.close();
  }
};

// In milliseconds.
const SILENT_TIMEOUT = 15_000;

/** Asks in a hidden frame, where the tenant's own session answers in the user's place. */
export const loginSilently = async (tenant: Tenant, wanted: Wanted): Promise<void> => {
  const auth = authOf(tenant);
  const { url, transaction } = await auth.authorize({ ...parameters(wanted), prompt: "none", response_mode: "web_message" });
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.title = "Silent login";
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error("the tenant did not answer")), SILENT_TIMEOUT);
  try {
    const answer = message(new URL(originOf(tenant)).origin, () => frame.contentWindow, controller.signal);
    frame.src = url;
    document.body.append(frame);
    take(await auth.finishLogin(transaction, await answer), "hidden frame", transaction.nonce);
  } finally {
    clearTimeout(timer);
    frame.remove();
  }
};

export const refresh = async (tenant: Tenant): Promise<void> => {
  const tokens = session.get();
  if (!tokens?.refresh_token) throw new Error("there is no refresh token: ask for the scope offline_access");
  const nonce = tokens.nonce;
  take(await authOf(tenant).oauth.refreshTokenGrant({ refresh_token: tokens.refresh_token }), "refresh token", undefined);
  // An ID token of a refresh need not have a nonce; one that has it has that of the login.
  const now = session.get();
  if (now?.id_token && nonce !== undefined) session.set({ ...now, nonce });
};

export const logout = async (tenant: Tenant): Promise<void> => {
  const tokens = session.get();
  const auth = authOf(tenant);
  if (tokens?.refresh_token) await auth.oauth.revokeRefreshToken({ token: tokens.refresh_token });
  session.set(undefined);
  location.assign(auth.logoutUrl({ returnTo: location.origin }));
};
