// Logging in and out by redirect, a session in a cookie, and its end when Auth0 says so (OpenID Connect Back-Channel Logout 1.0).
import { auth0 } from "./auth0.js";
import { clear, open, seal } from "./cookies.js";

const SESSION_SECONDS = 8 * 3600;
const LOGIN_SECONDS = 600;

const redirect = (location, cookies = []) => {
  const headers = new Headers({ location: String(location), "cache-control": "no-store" });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return new Response(null, { status: 303, headers });
};
const text = (body, status, cookies = []) => {
  const headers = new Headers({ "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  for (const cookie of cookies) headers.append("set-cookie", cookie);
  return new Response(`${body}\n`, { status, headers });
};

// A cookie for each login that is under way: two tabs do not disturb each other.
const loginCookie = (state) => `login-${state.slice(0, 8).replace(/\W/g, "_")}`;

/** `GET /login?to=/path`: to Auth0, with state, nonce and PKCE; what the callback needs goes into a cookie. */
export const login = async (request, env) => {
  const here = new URL(request.url);
  const to = new URL(here.searchParams.get("to") ?? "/", here);
  const { url, transaction } = await auth0(env).authentication.authorize({ redirect_uri: `${here.origin}/callback` });
  // To a place of this Worker, and to no other.
  const kept = { transaction, to: to.origin === here.origin ? to.pathname + to.search : "/" };
  return redirect(url, [await seal(env, loginCookie(transaction.state), kept, LOGIN_SECONDS)]);
};

/** `GET /callback`: the code becomes an ID token, and that a session. */
export const callback = async (request, env) => {
  const { authentication } = auth0(env);
  const name = loginCookie(new URL(request.url).searchParams.get("state") ?? "");
  const kept = await open(env, name, request);
  if (!kept) return text("this login was not begun here, or it took too long: go to /login", 400);
  let claims;
  try {
    const { data } = await authentication.finishLogin(kept.transaction, request.url);
    // It is verified; what is in it is read.
    claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(data.id_token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0))));
  } catch (error) {
    console.error("login:", error.error ?? error.name, error.message);
    return text(error.error === "access_denied" ? "the login was refused" : "the login failed: go to /login", 400, [clear(name)]);
  }
  const { sub, sid, name: called, email, iat } = claims;
  const session = { sub, sid, name: called, email, since: iat };
  return redirect(kept.to, [clear(name), await seal(env, "session", session, SESSION_SECONDS)]);
};

// Which sessions have ended stands in KV. A place that has looked there a moment ago may learn of it a minute later.
const ended = { session: (sid) => `ended session ${sid}`, user: (sub) => `ended user ${sub}` };

/** Who is logged in; nothing when nobody is. */
export const sessionOf = async (request, env) => {
  const session = await open(env, "session", request);
  if (!session) return undefined;
  const [one, all] = await Promise.all([session.sid && env.SESSIONS.get(ended.session(session.sid)), env.SESSIONS.get(ended.user(session.sub))]);
  // All sessions of a user end up to a time; one that began later is another. Both times are by Auth0's clock.
  return one || session.since <= Number(all ?? 0) ? undefined : session;
};

/** `POST /logout`: the session here ends, and that at Auth0. */
export const logout = async (request, env) => {
  const { origin } = new URL(request.url);
  // A page of another origin must not log anybody out.
  if ((request.headers.get("origin") ?? origin) !== origin) return text("that came from another page", 403);
  const session = await open(env, "session", request);
  // So that a copy of the cookie is of no use either.
  if (session?.sid) await env.SESSIONS.put(ended.session(session.sid), "1", { expirationTtl: SESSION_SECONDS });
  const url = auth0(env).authentication.oidcLogoutUrl({ post_logout_redirect_uri: `${origin}/`, logout_hint: session?.sid });
  return redirect(url, [clear("session")]);
};

/** `POST /backchannel-logout`: Auth0 says that a session has ended, or all of a user. */
export const backchannelLogout = async (request, env) => {
  const answer = (status, body) => Response.json(body, { status, headers: { "cache-control": "no-store" } });
  let claims;
  try {
    const token = (await request.formData()).get("logout_token");
    if (typeof token !== "string") return answer(400, { error: "invalid_request", error_description: "there is no logout_token" });
    claims = await auth0(env).verifier.verifyLogoutToken(token);
  } catch (error) {
    console.warn("back-channel logout:", error.code ?? error.name, error.message);
    // That the keys could not be had is not the token's fault: it may come again.
    const later = error.code === "keys_unavailable";
    return answer(later ? 503 : 400, { error: "invalid_request", error_description: "the logout token was refused" });
  }
  const { sid, sub, iat } = claims;
  if (sid) await env.SESSIONS.put(ended.session(sid), "1", { expirationTtl: SESSION_SECONDS });
  else await env.SESSIONS.put(ended.user(sub), String(iat), { expirationTtl: SESSION_SECONDS });
  return answer(200, {});
};
