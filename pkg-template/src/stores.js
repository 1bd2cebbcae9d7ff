// auth0-sdk/stores: where many isolates, machines or tabs share one token. The format is that of src/host/shared.rs.
const [PLAIN, SEALED] = ["v1.plain.", "v1.gcm."];
const MOST_LIMITS = 256;

const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const fromBase64 = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const utf8 = (text) => new TextEncoder().encode(text);

const bad = (what) => new TypeError(`auth0-sdk/stores: ${what}`);

// Imported at the first use: a Worker may do no such work while its module loads.
const keysOf = (given) => {
  const keys = (Array.isArray(given) ? given : given === undefined ? [] : [given]).map((key) => {
    if (key instanceof Uint8Array && key.length === 32) return () => crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
    if (key?.algorithm?.name === "AES-GCM") return () => key;
    throw bad("an encryption key is 32 bytes (a Uint8Array) or a CryptoKey for AES-GCM");
  });
  return keys;
};

/** A token store over texts: `get(key)`, `put(key, text, seconds)`, `remove(key, text)` and perhaps `lease(key, milliseconds)`. */
export const textStore = (backend, { encryptionKey } = {}) => {
  for (const name of ["get", "put", "remove"]) if (typeof backend?.[name] !== "function") throw bad(`the backend has no ${name}()`);
  const keys = keysOf(encryptionKey);
  const cipher = (iv, key) => ({ name: "AES-GCM", iv, additionalData: utf8(key) });

  const write = async (key, token) => {
    const json = JSON.stringify(token);
    if (!keys.length) return PLAIN + json;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = new Uint8Array(await crypto.subtle.encrypt(cipher(iv, key), await keys[0](), utf8(json)));
    return SEALED + toBase64([...iv, ...sealed]);
  };

  const open = async (key, text) => {
    let bytes;
    try {
      bytes = fromBase64(text);
    } catch {
      throw bad("the encrypted value in the token store is broken");
    }
    if (bytes.length < 28) throw bad("the encrypted value in the token store is broken");
    for (const secret of keys) {
      try {
        return new TextDecoder().decode(await crypto.subtle.decrypt(cipher(bytes.slice(0, 12), key), await secret(), bytes.slice(12)));
      } catch (error) {
        // Not this key: the next one. What is no such refusal is a problem of its own.
        if (error?.name !== "OperationError") throw error;
      }
    }
    throw bad("the value in the token store cannot be decrypted: it was changed, or encrypted with another key");
  };

  const read = async (key, text) => {
    let json;
    if (text.startsWith(PLAIN)) {
      if (keys.length) throw bad("the value in the token store is not encrypted, and the store has a key");
      json = text.slice(PLAIN.length);
    } else if (text.startsWith(SEALED)) {
      if (!keys.length) throw bad("the value in the token store is encrypted, and the store has no key");
      json = await open(key, text.slice(SEALED.length));
    } else {
      throw bad(/^v\d+\./.test(text) ? "the value in the token store is of another version of auth0-sdk" : "the value in the token store is not one of auth0-sdk");
    }
    try {
      const { token, expiresAt } = JSON.parse(json);
      if (token && typeof token === "string" && expiresAt >= 0 && Number.isInteger(expiresAt)) return { token, expiresAt };
    } catch {
      // Said below.
    }
    throw bad("the value in the token store is broken");
  };

  const load = async (key) => {
    const found = await backend.get(key);
    if (found === undefined || found === null) return undefined;
    const { text, left } = typeof found === "string" ? { text: found } : found;
    const token = await read(key, text);
    // The store's own clock goes before that of the machine that wrote it.
    return { text, token: left === undefined ? token : { ...token, expiresAt: Date.now() + left } };
  };

  const store = {
    get: async (key) => (await load(key))?.token,
    put: async (key, token) => backend.put(key, await write(key, token), Math.max(1, Math.ceil((token.expiresAt - Date.now()) / 1000))),
    remove: async (key, token) => {
      const found = await load(key);
      // Another machine may have put a better one by now: that stays.
      if (found && found.token.token === token) await backend.remove(key, found.text);
    },
  };
  if (backend.lease) store.lease = (key, milliseconds) => backend.lease(key, milliseconds);
  return store;
};

/** Workers KV. It has no lease: isolates that start cold at the same moment may each buy a token, all later ones find it. */
export const kvStore = (namespace, options) =>
  textStore(
    {
      get: (key) => namespace.get(key),
      // Less than a minute KV refuses.
      put: (key, text, seconds) => namespace.put(key, text, { expirationTtl: Math.max(60, seconds) }),
      remove: (key) => namespace.delete(key),
    },
    options,
  );

/** The Cache API: free, and shared by the isolates of one data center. `open` gives the cache; default: `caches.default`, or one by name. */
export const cacheStore = ({ open = () => globalThis.caches.default ?? globalThis.caches.open("auth0-sdk"), ...options } = {}) => {
  const url = (key) => `https://auth0-sdk.invalid/${encodeURIComponent(key)}`;
  return textStore(
    {
      get: async (key) => (await (await open()).match(url(key)))?.text(),
      put: async (key, text, seconds) => (await open()).put(url(key), new Response(text, { headers: { "cache-control": `max-age=${seconds}` } })),
      remove: async (key) => (await open()).delete(url(key)),
    },
    options,
  );
};

/** `localStorage` or `sessionStorage`: only for a page that may keep a token where every script of its origin reads it. */
export const webStorageStore = (storage, options) => {
  const backend = {
    get: (key) => storage.getItem(key),
    put: (key, text) => storage.setItem(key, text),
    remove: (key) => storage.removeItem(key),
  };
  // The lock of a tab that is closed ends with it.
  if (globalThis.navigator?.locks) {
    backend.lease = (key) =>
      new Promise((resolve, reject) => {
        const held = (lock) => (lock ? new Promise((release) => resolve(release)) : resolve());
        navigator.locks.request(`${key} lease`, { ifAvailable: true }, held).catch(reject);
      });
  }
  return textStore(backend, options);
};

const objectOf = (objects, name) => {
  // A stub belongs to the request that made it: the next one needs its own. A stub has every name, as that of a remote procedure.
  const stub = () => (objects.id || !objects.idFromName ? objects : objects.get(objects.idFromName(name)));
  return async (message) => {
    const response = await stub().fetch("https://auth0-sdk.invalid/", { method: "POST", body: JSON.stringify(message) });
    if (!response.ok) throw bad(`the Durable Object answered ${response.status}`);
    return (await response.json()).result;
  };
};

/**
 * A Durable Object of the class `TokenObject`, as the `store` of a limiter (`auth0-sdk/bulk`): all isolates keep to one limit. It holds what is known of
 * a limit in memory alone.
 */
export const durableObjectLimits = (objects, { name = "limits" } = {}) => {
  const ask = objectOf(objects, name);
  return {
    get: async (key) => (await ask({ do: "get", key }))?.text,
    swap: (key, old, text, seconds) => ask({ do: "swap", key, old, text, seconds }),
  };
};

/**
 * A Durable Object of the class `TokenObject`: one for all the world, with a lease. `objects` is its namespace; or what
 * `namespace.get(id)` gives, for a client that lives no longer than the request in which that was called.
 */
export const durableObjectStore = (objects, { name = "tokens", ...options } = {}) => {
  const ask = objectOf(objects, name);
  return textStore(
    {
      get: (key) => ask({ do: "get", key }),
      put: (key, text, seconds) => ask({ do: "put", key, text, seconds }),
      remove: (key, text) => ask({ do: "remove", key, text }),
      lease: async (key, milliseconds) => {
        const holder = crypto.randomUUID();
        if (!(await ask({ do: "lease", key, holder, milliseconds }))) return undefined;
        return () => ask({ do: "release", key, holder });
      },
    },
    options,
  );
};

/**
 * Buys the next token of one client before the one that is kept ends, behind an answer: `waitUntil(refresh())`. The client gets
 * the `store` that this gives; `buy` gets one in which tokens end earlier, and asks a `TokenProvider` over it for its token.
 */
export const refreshAhead = (store, buy, { seconds = 600 } = {}) => {
  let last = 0;
  let ahead = seconds * 1000;
  let busy = 0;
  const watched = {
    get: async (key) => {
      const found = await store.get(key);
      last = Math.max(last, found?.expiresAt ?? 0);
      return found;
    },
    put: (key, token) => {
      last = token.expiresAt;
      // One that lives shorter than that would be bought with each call.
      ahead = Math.min(seconds * 1000, (last - Date.now()) / 2);
      return store.put(key, token);
    },
    remove: (key, token) => store.remove(key, token),
  };
  if (store.lease) watched.lease = (key, milliseconds) => store.lease(key, milliseconds);
  const early = async (key) => {
    const found = await watched.get(key);
    return found && { ...found, expiresAt: found.expiresAt - ahead };
  };
  const refresh = async () => {
    const now = Date.now();
    // Where there is none, or none that a call would take, the next call buys, if there is one. A request that is cancelled ends
    // without a word, and one that failed is not repeated at once.
    if (last < now + 30_000 || last > now + ahead || now < busy) return;
    busy = now + 60_000;
    await buy({ ...watched, get: early });
    busy = 0;
  };
  return { store: watched, refresh };
};

/** The Durable Object behind `durableObjectStore` and `durableObjectLimits`: export it from the Worker, and bind its namespace. Times are by its own clock. */
export class TokenObject {
  #storage;

  // The limits that are shared: of no use to anybody after a minute, and so not worth the storage.
  #limits = new Map();

  constructor(state) {
    this.#storage = state.storage;
  }

  // In the place of `old`, or of none, if that is what is there.
  #swap(key, old, text, until) {
    if (this.#limits.get(key)?.text !== (old ?? undefined)) return false;
    this.#limits.delete(key);
    this.#limits.set(key, { text, until });
    // The one that was not written for the longest time goes.
    if (this.#limits.size > MOST_LIMITS) this.#limits.delete(this.#limits.keys().next().value);
    return true;
  }

  async fetch(request) {
    const { do: what, key, old, text, seconds, holder, milliseconds } = await request.json();
    const storage = this.#storage;
    const [entry, lease] = [`token ${key}`, `lease ${key}`];
    const now = Date.now();
    if (what === "swap") return Response.json({ result: this.#swap(key, old, text, now + seconds * 1000) });
    const limit = this.#limits.get(key);
    if (what === "get" && limit) return Response.json({ result: { text: limit.text, left: Math.max(0, limit.until - now) } });
    // In one turn: between a read and the write after it nobody else is let in.
    const result = await storage.transaction(async (work) => {
      const kept = await work.get(entry);
      const held = await work.get(lease);
      switch (what) {
        case "get":
          return kept && kept.until > now ? { text: kept.text, left: kept.until - now } : undefined;
        case "put":
          await work.put(entry, { text, until: now + seconds * 1000 });
          return undefined;
        case "remove":
          if (kept?.text === text) await work.delete(entry);
          return undefined;
        case "lease":
          if (held && held.until > now) return false;
          await work.put(lease, { holder, until: now + milliseconds });
          return true;
        case "release":
          if (held?.holder === holder) await work.delete(lease);
          return undefined;
        default:
          throw bad(`the Durable Object knows nothing of ${what}`);
      }
    });
    return Response.json({ result });
  }
}
