// The declarations of auth0-sdk/browser: login in a page.
import type { Hooks } from "./core.cjs";
import type { AuthenticationClient, AuthenticationClientOptions } from "./authentication.cjs";

/** Where a session is kept. What is given and taken is a text; the functions may be asynchronous. */
export interface SessionStore {
  get(key: string): string | undefined | Promise<string | undefined>;
  set(key: string, value: string): unknown;
  remove(key: string): unknown;
}

export interface BrowserAuthOptions extends Pick<AuthenticationClientOptions, "dpop" | "fetch" | "headers" | "telemetry" | "clientInfo" | "clockTolerance" | "timeoutDuration" | keyof Hooks> {
  /** The tenant's domain, `tenant.us.auth0.com`, or a custom domain. */
  domain: string;
  /** The id of a single-page application; it has no secret. */
  clientId: string;
  /** Where logins come back to; the page itself by default. It must be among the application's callbacks. */
  redirectUri?: string;
  /** The API that access tokens are for, unless a call names another. */
  audience?: string;
  /** `openid profile email offline_access` by default; `offline_access` brings the refresh token. */
  scope?: string;
  /** The organization that users log in to: its id or its name. */
  organization?: string;
  /** Memory by default, which a reload empties. `localStorage` survives it, and any script of the page can read it. */
  store?: "memory" | Storage | SessionStore;
}

export interface LoginOptions<State = unknown> {
  /** Parameters of `/authorize`: `prompt`, `connection`, `login_hint`, `screen_hint`, `invitation`, ... */
  authorizationParams?: Record<string, unknown>;
  /** What the page wants to know again when the login comes back. */
  appState?: State;
}

/** The claims of the ID token, which has been verified. */
export interface User {
  sub: string;
  name?: string;
  nickname?: string;
  email?: string;
  email_verified?: boolean;
  picture?: string;
  org_id?: string;
  org_name?: string;
  [claim: string]: unknown;
}

export interface LoginResult<State = unknown> {
  appState?: State;
  user?: User;
  /** True in the window of `loginWithPopup`, which closes now. */
  popup?: boolean;
}

/** What goes wrong in the page itself. What the tenant refuses is an `AuthApiError`. */
export interface BrowserAuthError extends Error {
  /**
   * `invalid_config`, `login_required`, `missing_refresh_token`, `missing_transaction`, `popup_blocked`, `popup_closed`,
   * `popup_timeout` or `subject_changed`.
   */
  code: string;
  error: string;
}

export interface BrowserAuth {
  /** The client that does the work, without a secret. */
  readonly client: AuthenticationClient;
  /** Sends the page to the login (RFC 6749, section 4.1, with PKCE, RFC 7636). `openUrl` goes there in another way. */
  loginWithRedirect<State = unknown>(options?: LoginOptions<State> & { openUrl?: (url: string) => unknown }): Promise<void>;
  /** True when a URL, that of the page by default, is the answer to a login. */
  isCallback(url?: string): boolean;
  /** Ends a login, and takes the code out of the page's URL. Each answer can be used once. */
  handleRedirectCallback<State = unknown>(url?: string): Promise<LoginResult<State>>;
  /**
   * The login in a window of its own: call it from a click. The window comes back to `redirectUri`, whose page calls
   * `handleRedirectCallback`; with `authorizationParams: { response_mode: "web_message" }` it need not.
   */
  loginWithPopup<State = unknown>(options?: LoginOptions<State> & { popup?: Window | null; timeoutInSeconds?: number }): Promise<LoginResult<State>>;
  /**
   * An access token: the one at hand while it is good for a minute more, otherwise a new one by the refresh token. Calls at the
   * same time, also those of other tabs with the same store, make one request.
   */
  getAccessToken(options?: { audience?: string; scope?: string; cacheMode?: "on" | "off" }): Promise<string>;
  /** The claims of the ID token; undefined when nobody is logged in. */
  getUser(): Promise<User | undefined>;
  isAuthenticated(): Promise<boolean>;
  /** Forgets the session, here and in other tabs, and ends it at the tenant. `openUrl: false` only forgets. */
  logout(options?: { returnTo?: string; federated?: boolean; oidc?: boolean; openUrl?: false | ((url: string) => unknown) }): Promise<void>;
  /** Calls back, once for each session that is lost, with the reason; gives the function that ends it. */
  onSessionLost(listener: (reason: string) => void): () => void;
}

/** Login in a page, over OAuth 2.0 for Browser-Based Applications: authorization code with PKCE, rotating refresh tokens. */
export declare function createBrowserAuth(options: BrowserAuthOptions): BrowserAuth;
