// TokenVerifier: JavaScript fetches keys and asks `crypto.subtle`; the core judges (src/verify/).
import { ask, core, Judge, decode, digest, encode, hashOf, importKey, refuse, TokenError, utf8, verify } from "./crypto.js";
import { toForm } from "./form.js";

const [ACCESS, ID, LOGOUT] = [0, 1, 2];

// How often a waiting call looks, and for how long, in milliseconds: in Cloudflare Workers the I/O of one request must not
// wake another.
const GLANCE = 10;
const MAX_DOCUMENT = 262144;

const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

const EXPECT = ["nonce", "maxAge", "organization", "clientId", "subject", "scopes", "permissions", "acr", "amr"];
const expectation = (expect) => {
  const pairs = [];
  for (const name of EXPECT) for (const value of list(expect[name])) pairs.push([name, String(value)]);
  return pairs.length ? toForm(pairs) : "";
};

const SETTINGS = ["domain", "issuer", "audience", "clientId", "leeway", "jwksUrl", "keysTtl", "keysStale", "keysCooldown"];

const decoder = new TextDecoder();

const claimsOf = (token) => JSON.parse(decoder.decode(decode(token.split(".", 2)[1])));

// Gets a document, and not more of it than a document of its kind has.
const download = async (fetch, url, signal) => {
  const response = await fetch(url, { headers: { accept: "application/json" }, redirect: "manual", signal });
  if (response.status !== 200) throw new Error(`${url}: the status is ${response.status}`);
  const reader = response.body?.getReader();
  if (!reader) return response.text();
  const pieces = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
    if (length > MAX_DOCUMENT) {
      reader.cancel().catch(() => {});
      throw new Error(`${url}: the document is longer than 256 KiB`);
    }
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(await new Blob(pieces).arrayBuffer());
};

export class TokenVerifier {
  #options;
  #judge;
  #keys = new Map();
  #flight;
  #kept;

  constructor(options) {
    if (typeof options !== "object" || options === null) throw new TokenError("config", "TokenVerifier needs its options");
    this.#options = { ...options };
  }

  // The core's part, made when it is first needed: a constructor cannot wait for the module.
  #ready() {
    if (this.#judge) return this.#judge;
    const loading = core();
    return loading.then ? loading.then(() => this.#make()) : this.#make();
  }

  #make() {
    const { algorithms, secret, jwks } = this.#options;
    const pairs = SETTINGS.flatMap((name) => list(this.#options[name]).map((value) => [name, String(value)]));
    if (algorithms !== undefined) pairs.push(["algorithms", list(algorithms).join(" ")]);
    if (secret !== undefined) pairs.push(["secret", "1"]);
    if (jwks !== undefined) pairs.push(["jwks", typeof jwks === "string" ? jwks : JSON.stringify(jwks)]);
    return (this.#judge ??= ask(() => Judge.make(toForm(pairs))));
  }

  get #now() {
    return this.#options.clock?.() ?? Date.now();
  }

  // RFC 9068, and Auth0's own profile. A token that is bound to a key is only as good as its proof: see RequestGuard.
  verifyAccessToken(token, expect = {}) {
    return this.#verify(ACCESS, token, expect);
  }

  // OpenID Connect Core, section 3.1.3.7.
  verifyIdToken(token, expect = {}) {
    return this.#verify(ID, token, expect);
  }

  // OpenID Connect Back-Channel Logout 1.0, section 2.6. One that came before is refused.
  async verifyLogoutToken(token) {
    const claims = await this.#verify(LOGOUT, token, {});
    const key = `logout:${claims.iss}:${claims.jti}`;
    const ends = (claims.exp + Number(this.#options.leeway ?? 60)) * 1000;
    const { store } = this.#options;
    const again = () => new TokenError("token_replayed", "the logout token came before");
    if (!this.#judge.first(key, ends, this.#now)) throw again();
    if (store) {
      const known = await store.get(key);
      if (known && known.expiresAt > this.#now) throw again();
      await store.put(key, { value: "seen", expiresAt: ends });
    }
    return claims;
  }

  async #verify(kind, token, expect) {
    if (typeof token !== "string") throw new TokenError("token_missing", "there is no token");
    const judge = this.#judge ?? (await this.#ready());
    const text = expectation(expect);
    let found = ask(() => judge.check(kind, token, text, this.#now));
    if (!found) {
      await this.#refresh(judge, () => !ask(() => judge.check(kind, token, text, this.#now)));
      found = ask(() => judge.check(kind, token, text, this.#now));
      if (!found) throw new TokenError("keys_unavailable", "the issuer's keys cannot be had");
    }
    const [id, algorithm, code, message] = found.split("\n");
    const end = token.lastIndexOf(".");
    const key = this.#keys.get(id + algorithm) ?? (await this.#import(judge, id, algorithm));
    if (!(await verify(algorithm, key, decode(token.slice(end + 1)), utf8(token.slice(0, end))))) {
      throw new TokenError("signature_invalid", "the token's signature is not that of the issuer's key");
    }
    if (code) throw refuse(`${code}\n${message}`);
    const claims = claimsOf(token);
    if (kind === ID) {
      await this.#hash(claims, "at_hash", expect.accessToken, algorithm);
      await this.#hash(claims, "c_hash", expect.code, algorithm);
    }
    return claims;
  }

  // OpenID Connect Core, section 3.1.3.6. The code flow may leave `at_hash` out.
  async #hash(claims, name, of, algorithm) {
    if (of === undefined) return;
    const found = claims[name];
    if (found === undefined) {
      if (name === "at_hash") return;
      throw new TokenError("claim_missing", `the token has no ${name}`);
    }
    if (typeof found !== "string") throw new TokenError("claim_invalid", `the token's ${name} has the wrong type`);
    const made = await digest(of, hashOf(algorithm));
    if (found !== encode(made.subarray(0, made.length / 2))) throw new TokenError(`${name}_mismatch`, `the token's ${name} is not that of what came with it`);
  }

  async #import(judge, id, algorithm) {
    const { secret } = this.#options;
    let key;
    if (id === "0") {
      const bytes = utf8(secret);
      if (/^\s*-----BEGIN /.test(secret)) throw new TokenError("key_unsuitable", "a PEM is no secret for HMAC");
      // RFC 7518, section 3.2.
      if (bytes.length < Number(algorithm.slice(2)) / 8) throw new TokenError("key_unsuitable", "a secret for HMAC must be at least as long as the digest");
      key = await importKey("raw", bytes, algorithm, "verify");
    } else {
      key = await importKey("jwk", JSON.parse(judge.key(Number(id))), algorithm, "verify");
    }
    // A set has at most 100 keys; those of older ones go.
    if (this.#keys.size > 200) this.#keys.clear();
    this.#keys.set(id + algorithm, key);
    return key;
  }

  // Fetches the set, or waits for the call that does.
  async #refresh(judge, wanted) {
    const timeout = this.#options.keysTimeout ?? 5000;
    const flight = this.#flight;
    if (flight) {
      for (let waited = 0; !flight.over && waited < timeout; waited += GLANCE) await new Promise((resolve) => setTimeout(resolve, GLANCE));
      if (flight.over || !wanted()) return;
    }
    const mine = (this.#flight = { over: false });
    const controller = new AbortController();
    let timer;
    try {
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => (reject(new Error("no key set came in time")), controller.abort()), timeout);
      });
      const work = this.#fetch(judge, controller.signal, wanted);
      work.catch(() => {});
      await Promise.race([work, late]);
    } catch (cause) {
      judge.failed(typeof cause === "string" ? cause.slice(cause.indexOf("\n") + 1) : String(cause?.message ?? cause), this.#now);
    } finally {
      clearTimeout(timer);
      mine.over = true;
      if (this.#flight === mine) this.#flight = undefined;
    }
  }

  async #fetch(judge, signal, wanted) {
    const { jwksUrl, keysInStore, store, keysTtl = 600, keysStale = 3600 } = this.#options;
    const fetch = this.#options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    const key = `jwks:${jwksUrl ?? judge.discovery()}`;
    if (keysInStore && store && !this.#kept) {
      this.#kept = true;
      const known = await store.get(key);
      if (known && known.expiresAt > this.#now) {
        // What a store holds may be old, or no set.
        try {
          judge.loaded(known.value, known.expiresAt - (keysTtl + keysStale) * 1000);
          if (!wanted()) return;
        } catch {}
      }
    }
    const url = jwksUrl ?? judge.discovered(await download(fetch, judge.discovery(), signal));
    const set = await download(fetch, url, signal);
    if (signal.aborted) return;
    const now = this.#now;
    judge.loaded(set, now);
    if (keysInStore && store) await store.put(key, { value: set, expiresAt: now + (keysTtl + keysStale) * 1000 });
  }

  // For the guard: a proof of possession, whose key is `jkt`.
  async prove(proof, jkt, { method, url, token, nonce }) {
    const judge = await this.#ready();
    const [algorithm, jwk] = ask(() => Judge.proof(proof)).split("\n");
    const thumbprint = encode(await digest(jwk));
    if (thumbprint !== jkt) throw new TokenError("dpop_binding_mismatch", "the DPoP proof is made with another key than the token's");
    const key = await importKey("jwk", JSON.parse(jwk), algorithm, "verify");
    const end = proof.lastIndexOf(".");
    if (!(await verify(algorithm, key, decode(proof.slice(end + 1)), utf8(proof.slice(0, end))))) {
      throw new TokenError("dpop_proof_invalid", "the DPoP proof's signature is not that of its key");
    }
    const ath = encode(await digest(token));
    const [id, ends] = ask(() => judge.prove(proof, method, url, ath, nonce, this.#now)).split("\n");
    if (!judge.first(`dpop:${thumbprint}:${id}`, Number(ends) * 1000, this.#now)) throw new TokenError("dpop_replayed", "the DPoP proof came before");
  }
}
