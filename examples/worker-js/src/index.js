// A Worker with everything: pages behind a login, an API behind access tokens, and calls of the Management API.
import { ManagementError } from "auth0-sdk";
import { auth0 } from "./auth0.js";
import { backchannelLogout, callback, login, logout, sessionOf } from "./login.js";

const escaped = (text) => String(text ?? "").replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
const page = (body) =>
  new Response(`<!doctype html><html lang="en"><meta charset="utf-8"><title>Worker</title><main>${body}</main></html>\n`, {
    headers: { "content-type": "text/html; charset=utf-8", "cache-control": "no-store", "content-security-policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'" },
  });

const home = async (request, env) => {
  const session = await sessionOf(request, env);
  if (!session) return page('<p>Nobody is logged in. <a href="/login?to=/">Log in</a></p>');
  return page(`<p>Hello, ${escaped(session.name ?? session.email ?? session.sub)}.</p><form method="post" action="/logout"><button>Log out</button></form>`);
};

const me = async (request, env) => {
  const { claims, response } = await auth0(env).everyone.check(request);
  return response ?? Response.json({ sub: claims.sub, scope: claims.scope });
};

const user = async (request, env, context, id) => {
  const { management, readers, refresh } = auth0(env);
  const { response } = await readers.check(request);
  if (response) return response;
  try {
    const found = await management.users.get(id, { fields: "user_id,email,name" }, { abortSignal: request.signal, deadlineInSeconds: 20 });
    context.waitUntil(refresh());
    return Response.json(found);
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error;
    console.error(error.message);
    return new Response(error.statusCode === 404 ? "there is no such user\n" : "Auth0 did not answer\n", { status: error.statusCode === 404 ? 404 : 502 });
  }
};

const ROUTES = [
  ["GET", /^\/$/, home],
  ["GET", /^\/login$/, login],
  ["GET", /^\/callback$/, callback],
  ["POST", /^\/logout$/, logout],
  ["POST", /^\/backchannel-logout$/, backchannelLogout],
  ["GET", /^\/api\/me$/, me],
  ["GET", /^\/api\/users\/([^/]+)$/, user],
];

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    const fitting = ROUTES.filter(([, path]) => path.test(pathname));
    const [, path, route] = fitting.find(([method]) => method === request.method) ?? [];
    if (!route) return new Response("not found\n", { status: fitting.length ? 405 : 404 });
    const [, encoded] = path.exec(pathname);
    let id;
    try {
      id = encoded && decodeURIComponent(encoded);
    } catch {
      return new Response("that is no id\n", { status: 400 });
    }
    return route(request, env, context, id);
  },
};
