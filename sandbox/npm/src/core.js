// A tenant in this program, without a socket: what index.js (for pages) and node.js (for servers) are made of.
import init, { Tenant } from "./glue.js";
import { controls } from "./controls.js";
import { Visitor } from "./visitor.js";

const NO_BODY = new Set([101, 204, 205, 304]);
const MOST_REDIRECTS = 20;

let started;

/** Starts the module, once. `wasm` is what `init` takes: bytes, a module, a URL or a response. */
const start = (wasm) =>
  (started ??= init({ module_or_path: wasm }).catch((error) => {
    // Another try may have another module, or a network.
    started = undefined;
    throw error;
  }));

// Made by the platform: a second of work in pure wasm, and nothing here. Where there is none (an insecure page), the wasm makes it.
const signingKey = async () => {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) return undefined;
  const algorithm = { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
  const { privateKey } = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return new Uint8Array(await subtle.exportKey("pkcs8", privateKey));
};

const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (!ms) return resolve();
    const aborted = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    signal?.addEventListener("abort", aborted, { once: true });
  });

export const SETTINGS = ["users", "seed", "seedName", "rateLimit", "tokenLifetime", "issuer", "sampleRefused"];
export const DEMO_USERS = 2500;

const settingsOf = (origin, options) => {
  const unknown = Object.keys(options).filter((name) => ![...SETTINGS, "origin", "wasm", "host", "port", "allowRemote"].includes(name));
  if (unknown.length) throw new TypeError(`auth0-sandbox: there is no option ${unknown.join(", ")}; there are ${SETTINGS.join(", ")}`);
  const { seed, users } = options;
  const settings = { origin };
  for (const name of SETTINGS) if (options[name] !== undefined) settings[name] = options[name];
  if (seed === "demo") {
    delete settings.seed;
    settings.users = users ?? DEMO_USERS;
  } else if (typeof seed === "object") {
    settings.seed = JSON.stringify(seed);
  }
  return settings;
};

/** Makes the tenant whose requests come with this origin. */
export const createTenant = async (origin, options, wasm) => {
  const settings = JSON.stringify(settingsOf(origin, options));
  const [key] = await Promise.all([signingKey(), start(options.wasm ?? wasm)]);
  try {
    return new Local(new Tenant(settings, key));
  } catch (error) {
    // What wasm throws is a text.
    throw typeof error === "string" ? new Error(`auth0-sandbox: ${error}`) : error;
  }
};

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** What a program is told of a sandbox: `clientId`, `clientSecret`, `audience` and so on. */
export const described = (local) => Object.fromEntries(Object.entries(local.configuration).map(([name, value]) => [camel(name), value]));

class Local {
  #tenant;

  constructor(tenant) {
    this.#tenant = tenant;
    this.configuration = JSON.parse(tenant.configuration());
  }

  /** One exchange. Headers are pairs whose names are in lower case. */
  async exchange({ method, target, headers, body }, signal) {
    signal?.throwIfAborted();
    if (!this.#tenant) throw new TypeError("auth0-sandbox: it was closed");
    const begun = this.#tenant.begin(method, target, JSON.stringify(headers), body);
    await sleep(begun.delay, signal);
    if (!this.#tenant) throw new TypeError("auth0-sandbox: it was closed");
    const answer = this.#tenant.complete(begun);
    const { status, bodyDelay, truncate } = answer;
    const result = { status, headers: JSON.parse(answer.headers()), body: answer.body(), bodyDelay, truncate };
    answer.free();
    return result;
  }

  close() {
    this.#tenant?.free();
    this.#tenant = undefined;
  }
}

/** The pieces of a body, as a fault wants them: `[bytes, ms before them]`, and whether it breaks off at the end. */
export const pieces = ({ body, bodyDelay, truncate }) => {
  const end = Math.min(truncate ?? body.length, body.length);
  const count = bodyDelay ? Math.min(8, Math.max(end, 1)) : 1;
  const list = Array.from({ length: count }, (_, index) => [
    body.subarray(Math.floor((end * index) / count), Math.floor((end * (index + 1)) / count)),
    bodyDelay / count,
  ]);
  return { list, broken: end < body.length };
};

const failed = (code, message) => new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });

const streamOf = (answer, signal) => {
  const { list, broken } = pieces(answer);
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      const piece = list[next++];
      try {
        await sleep(piece?.[1] ?? 0, signal);
      } catch (reason) {
        return controller.error(reason);
      }
      if (piece?.[0].length) controller.enqueue(piece[0]);
      if (next < list.length) return piece[0].length ? undefined : this.pull(controller);
      if (broken) controller.error(failed("ECONNRESET", "a fault closes the connection here"));
      else controller.close();
    },
  });
};

const requestOf = async (request, url) => {
  const body = request.body === null ? new Uint8Array() : new Uint8Array(await request.arrayBuffer());
  return { method: request.method, target: url.pathname + url.search, headers: [...request.headers], body };
};

/** A function shaped as `fetch` that asks a tenant instead of the network. */
const fetchOf = (local, origin) => async (input, init) => {
  const at = typeof input === "string" || input instanceof URL ? new URL(input, origin) : input;
  const request = new Request(at, init);
  const { signal, redirect } = request;
  const sent = await requestOf(request, new URL(request.url));
  let url = new URL(request.url);
  for (let hops = 0; ; hops++) {
    if (url.origin !== origin) throw failed("EHOSTUNREACH", `this sandbox is ${origin}, and nothing else can be asked through it: ${url.origin}`);
    const answer = await local.exchange(sent, signal);
    if (!answer.status) throw failed("ECONNRESET", "a fault resets the connection");
    const location = answer.headers.find(([name]) => name === "location")?.[1];
    if ([301, 302, 303, 307, 308].includes(answer.status) && location && redirect !== "manual") {
      if (redirect === "error") throw failed("UND_ERR_REDIRECT", "unexpected redirect");
      if (hops === MOST_REDIRECTS) throw failed("UND_ERR_REDIRECT", "redirect count exceeded");
      url = new URL(location, url);
      if (answer.status === 303 || (answer.status < 303 && sent.method === "POST")) {
        Object.assign(sent, { method: "GET", body: new Uint8Array() });
        sent.headers = sent.headers.filter(([name]) => !name.startsWith("content-"));
      }
      sent.target = url.pathname + url.search;
      continue;
    }
    const { status, headers, body } = answer;
    const whole = !answer.bodyDelay && answer.truncate === undefined;
    const response = new Response(NO_BODY.has(status) ? null : whole ? body : streamOf(answer, signal), { status, headers });
    Object.defineProperty(response, "url", { value: url.href });
    return response;
  }
};

/** The members that all sandboxes have. */
export const sandboxOf = (local) => {
  const { origin } = local.configuration;
  const fetch = fetchOf(local, origin);
  return {
    ...described(local),
    fetch,
    ...controls(fetch),
    visitor: () => new Visitor(local, origin),
    close: async () => local.close(),
  };
};
