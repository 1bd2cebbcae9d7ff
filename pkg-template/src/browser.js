// Login in a page: what SDKs for single-page applications do, over the same client as everything else.
//
// OAuth 2.0 for Browser-Based Applications: authorization code with PKCE, refresh tokens with rotation, nothing in the page's URL
// for longer than it takes to read it.
import { AuthenticationClient } from "./authentication.js";
import { decode, strict } from "./jose.js";

const failed = (error, message, cause) => Object.assign(new Error(message, cause && { cause }), { name: "BrowserAuthError", error, code: error });

const words = (text) => (text ?? "").split(" ").filter(Boolean);

// The claims of an ID token that has been verified.
const claimsOf = (token) => strict(decode(token.split(".")[1])).value;

// Where the session is kept: in memory, in a Storage (`localStorage`), or in what has get, set and remove, which may be asynchronous.
const storeOf = (store = "memory") => {
  if (store === "memory") {
    const kept = new Map();
    return { get: (key) => kept.get(key), set: (key, value) => kept.set(key, value), remove: (key) => kept.delete(key) };
  }
  if (typeof store.getItem === "function") {
    return { get: (key) => store.getItem(key) ?? undefined, set: (key, value) => store.setItem(key, value), remove: (key) => store.removeItem(key) };
  }
  if (typeof store.get !== "function") throw failed("invalid_config", "`store` must be \"memory\", a Storage, or an object with get, set and remove");
  return store;
};

// What ends a session for good: the refresh token is of no use any more. Other refusals are of what was asked for.
const FINAL = /^(invalid_grant|login_required)$/;

// How long a token must live on to be given out, in seconds.
const LEEWAY = 60;

export const createBrowserAuth = (options) => {
  const { domain, clientId, redirectUri, audience, scope = "openid profile email offline_access", organization, store, fetch, ...others } = options ?? {};
  if (!domain) throw failed("invalid_config", "`domain` is missing: expected something like tenant.us.auth0.com");
  if (!clientId) throw failed("invalid_config", "`clientId` is missing");
  if (others.clientSecret || others.clientAssertionSigningKey) throw failed("invalid_config", "a page cannot keep a secret: give only the client id of a single-page application");
  const client = new AuthenticationClient({ timeoutDuration: 60000, ...others, domain, clientId, fetch, publicClient: true });
  const kept = storeOf(store);
  const key = `auth0-sdk ${domain} ${clientId}`;
  const listeners = new Set();
  // Calls of this tab for the same token are one.
  const flights = new Map();
  const here = () => redirectUri ?? location.origin + location.pathname;

  const load = async () => {
    const text = await kept.get(key);
    if (!text) return undefined;
    try {
      const session = JSON.parse(text);
      active = true;
      return session;
    } catch {
      // Somebody else's, or of another version: as good as none.
      await kept.remove(key);
      return undefined;
    }
  };
  const save = async (session) => {
    const { version = 0 } = (await load()) ?? {};
    session.version = Math.max(version, written.version) + 1;
    const text = JSON.stringify(session);
    written = { version: session.version, text };
    await kept.set(key, text);
    active = true;
  };

  // Whether this tab has seen a session that it has not heard the end of.
  let active = false;
  const ended = (reason) => {
    if (!active) return;
    active = false;
    for (const listener of [...listeners]) listener(reason);
  };
  // Other tabs with the same store hear of a logout, and of a session that is lost.
  const shared = store !== undefined && store !== "memory";
  const channel = shared && typeof BroadcastChannel === "function" ? new BroadcastChannel(key) : undefined;
  // What this tab has written last: a session, or that there is none any more.
  let written = { version: 0 };
  // Hears what the other tabs answer to a question of this one.
  let heard = () => {};
  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.ask) channel.postMessage({ to: data.ask, ...written });
      else if (data.to) heard(data);
      // Not looked up in the store, which another tab may see change later than it hears of it.
      else ended(data);
    };
    // How many tabs there are: each holds this as long as it lives.
    globalThis.navigator?.locks?.request(`${key} tab`, { mode: "shared" }, () => new Promise(() => {})).catch(() => {});
  }
  // Browsers show a tab what another one has written to its Storage some time later, a lock or not, and a refresh token that was
  // used up in between would be sent again. So who has the lock asks the others what they have written last.
  const catchUp = async () => {
    if (!channel || !globalThis.navigator?.locks) return;
    const { held } = await navigator.locks.query();
    let others = held.filter(({ name }) => name === `${key} tab`).length - 1;
    if (others < 1) return;
    const id = String(Math.random());
    let newest = written;
    await new Promise((resolve) => {
      // A tab that the browser has frozen does not answer, and has written nothing just now.
      const over = setTimeout(resolve, 500);
      heard = (data) => {
        if (data.to !== id) return;
        if (data.version > newest.version) newest = data;
        if (--others === 0) {
          clearTimeout(over);
          resolve();
        }
      };
      channel.postMessage({ ask: id });
    });
    heard = () => {};
    const { version = 0 } = (await load()) ?? {};
    if (newest.version <= version) return;
    if (newest.text) await kept.set(key, newest.text);
    else await kept.remove(key);
  };
  // A message that is posted just before the page leaves may be lost, and this is not; the message knows the reason, so it comes
  // first.
  if (store === globalThis.localStorage && store) {
    addEventListener("storage", ({ key: changed, newValue }) => {
      if ((changed === key || changed === null) && newValue === null) setTimeout(ended, 250, "logout");
    });
  }
  const forget = async () => {
    const { version = 0 } = (await load()) ?? {};
    written = { version: Math.max(version, written.version) + 1 };
    await kept.remove(key);
  };
  const lose = async (reason) => {
    await forget();
    channel?.postMessage(reason);
    ended(reason);
  };

  // One at a time over all tabs, where the browser has locks.
  const locked = (work) => (globalThis.navigator?.locks ? navigator.locks.request(key, work) : work());

  const entryOf = (data, asked, now) => ({
    audience: asked.audience,
    asked: asked.scope,
    // RFC 6749, section 5.1: what is not said is what was asked for.
    scope: data.scope ?? asked.scope,
    token: data.access_token,
    expiresAt: now + (Number(data.expires_in) || 0),
  });

  // Keeps what the token endpoint gave.
  const keep = async (data, asked, now, before) => {
    const session = {
      idToken: data.id_token ?? before?.idToken,
      refreshToken: data.refresh_token ?? before?.refreshToken,
      audience: before ? before.audience : asked.audience,
      scope: before ? before.scope : asked.scope,
      tokens: [...(before?.tokens ?? []).filter((entry) => entry.audience !== asked.audience || entry.asked !== asked.scope), entryOf(data, asked, now)],
    };
    await save(session);
    return session;
  };

  const find = (session, wanted) => {
    const soon = Date.now() / 1000 + LEEWAY;
    return session?.tokens.find((entry) => {
      const has = words(entry.scope);
      const fits = entry.asked === wanted.scope || words(wanted.scope).every((word) => has.includes(word));
      return entry.audience === wanted.audience && fits && entry.expiresAt > soon;
    })?.token;
  };

  const refresh = (wanted, stale) =>
    locked(async () => {
      await catchUp();
      const session = await load();
      // Another tab may have been here first.
      const found = find(session, wanted);
      if (found && found !== stale) return found;
      if (!session) throw failed("login_required", "nobody is logged in: call loginWithRedirect or loginWithPopup");
      if (!session.refreshToken) throw failed("missing_refresh_token", "there is no refresh token: ask for the scope offline_access, and allow it for the application");
      const params = { refresh_token: session.refreshToken };
      // What the refresh token is for need not be said; another audience must be allowed for it.
      if (wanted.audience !== session.audience) params.audience = wanted.audience;
      if (wanted.scope !== session.scope) params.scope = wanted.scope;
      const now = Date.now() / 1000;
      let data;
      try {
        ({ data } = await client.oauth.refreshTokenGrant(params));
      } catch (error) {
        if (FINAL.test(error.error)) await lose(error.error);
        throw error;
      }
      const { sub } = session.idToken ? claimsOf(session.idToken) : {};
      // OpenID Connect Core 1.0, section 12.2.
      if (data.id_token && sub && claimsOf(data.id_token).sub !== sub) {
        await lose("subject_changed");
        throw failed("subject_changed", "the refreshed ID token is of another user");
      }
      await keep(data, wanted, now, session);
      return data.access_token;
    });

  const transactionKey = (state) => `${key} ${state}`;

  // The parameters of a login, and what belongs to it.
  const begin = async ({ authorizationParams = {}, appState } = {}) => {
    const params = { redirect_uri: here(), audience, scope, organization, ...authorizationParams };
    const { url, transaction } = await client.authorize(params);
    const { state } = transaction;
    sessionStorage.setItem(transactionKey(state), JSON.stringify({ transaction, appState, asked: { audience: params.audience, scope: params.scope } }));
    return { url, state };
  };

  const stateOf = (url) => new URL(url).searchParams.get("state") ?? new URLSearchParams(new URL(url).hash.slice(1)).get("state");

  const take = (state) => {
    const text = state && sessionStorage.getItem(transactionKey(state));
    if (!text) throw failed("missing_transaction", "this tab has not begun the login that the page was called for, or it has ended already");
    // Used once, whatever comes of it.
    sessionStorage.removeItem(transactionKey(state));
    return JSON.parse(text);
  };

  // True when another window of this origin waits for this answer, and has it now.
  const handedBack = (state, url) =>
    new Promise((resolve) => {
      const back = new BroadcastChannel(transactionKey(state));
      const end = (taken) => {
        clearTimeout(over);
        back.close();
        resolve(taken);
      };
      const over = setTimeout(() => end(false), 1000);
      back.onmessage = ({ data }) => data === "taken" && end(true);
      back.postMessage(url);
    });

  const finish = async ({ transaction, appState, asked }, answer) => {
    const now = Date.now() / 1000;
    const { data } = await client.finishLogin(transaction, answer);
    const session = await keep(data, asked, now);
    return { appState, user: session.idToken && claimsOf(session.idToken) };
  };

  return {
    client,

    // Sends the page to the login. `openUrl` goes there in another way.
    async loginWithRedirect({ openUrl = (url) => location.assign(url), ...login } = {}) {
      await openUrl((await begin(login)).url);
    },

    // True when a URL is the answer to a login.
    isCallback: (url = location.href) => {
      const { searchParams } = new URL(url);
      return searchParams.has("state") && (searchParams.has("code") || searchParams.has("error"));
    },

    // Ends a login: gives `{ appState, user }`, and takes the code out of the page's URL. In a popup it hands the answer to the
    // page that opened it, and closes the window.
    async handleRedirectCallback(url = location.href) {
      const state = stateOf(url);
      if (state && !sessionStorage.getItem(transactionKey(state)) && (await handedBack(state, url))) {
        window.close();
        return { popup: true };
      }
      const login = take(state);
      try {
        return await finish(login, url);
      } finally {
        if (url === location.href) history.replaceState(history.state, "", location.pathname);
      }
    },

    // The same in a window of its own, which must be opened by a click: call it at once, or give the window as `popup`.
    async loginWithPopup({ popup = window.open("", "_blank", "popup,width=420,height=640"), timeoutInSeconds = 120, ...login } = {}) {
      if (!popup) throw failed("popup_blocked", "the browser opened no window: call loginWithPopup from a click");
      let state;
      let url;
      try {
        ({ url, state } = await begin(login));
      } catch (error) {
        popup.close();
        throw error;
      }
      const issuer = new URL(url).origin;
      const back = new BroadcastChannel(transactionKey(state));
      let stop;
      const answer = await new Promise((resolve, reject) => {
        back.onmessage = ({ data }) => {
          back.postMessage("taken");
          resolve(data);
        };
        // `response_mode=web_message`, which needs no page to come back to.
        const onMessage = ({ origin, data }) => {
          if (origin === issuer && data?.type === "authorization_response") resolve(new URLSearchParams(data.response));
        };
        addEventListener("message", onMessage);
        const looks = setInterval(() => {
          if (popup.closed) reject(failed("popup_closed", "the window was closed before the login was over"));
        }, 300);
        const over = setTimeout(() => {
          popup.close();
          reject(failed("popup_timeout", `the login took longer than ${timeoutInSeconds} s`));
        }, timeoutInSeconds * 1000);
        stop = () => {
          removeEventListener("message", onMessage);
          clearInterval(looks);
          clearTimeout(over);
          back.close();
        };
        popup.location = url;
      }).finally(() => stop());
      popup.close();
      return finish(take(state), answer);
    },

    // An access token for an API: the one at hand, or a new one. `cacheMode: "off"` always gets a new one.
    async getAccessToken({ audience: wantedAudience = audience, scope: wantedScope = scope, cacheMode = "on" } = {}) {
      const wanted = { audience: wantedAudience, scope: wantedScope };
      const found = find(await load(), wanted);
      if (found && cacheMode !== "off") return found;
      const name = JSON.stringify(wanted);
      let flight = flights.get(name);
      if (!flight) {
        flight = refresh(wanted, found).finally(() => flights.delete(name));
        flights.set(name, flight);
      }
      return flight;
    },

    // The claims of the ID token; undefined when nobody is logged in.
    async getUser() {
      const { idToken } = (await load()) ?? {};
      return idToken && claimsOf(idToken);
    },

    async isAuthenticated() {
      return (await load()) !== undefined;
    },

    // Forgets the session here and in the other tabs, and ends it at the tenant. `oidc` uses the standard's endpoint (OpenID
    // Connect RP-Initiated Logout 1.0); `openUrl: false` only forgets.
    async logout({ returnTo, federated, oidc, openUrl = (url) => location.assign(url) } = {}) {
      const { idToken } = (await load()) ?? {};
      await forget();
      active = false;
      channel?.postMessage("logout");
      if (!openUrl) return;
      const url = oidc ? client.oidcLogoutUrl({ post_logout_redirect_uri: returnTo, id_token_hint: idToken }) : client.logoutUrl({ returnTo, federated });
      await openUrl(url);
    },

    // Calls back, once for each session that is lost, with the reason; gives the function that ends it.
    onSessionLost(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
