// TokenVerifier: fetches keys, asks `crypto.subtle`, and judges (claims.js, key-set.js).
import { ACCESS, check, checkType, ID, list, LOGOUT, open, readHeader } from "./claims.js";
import { algorithmOf, decode, digest, encode, importKey, isText, now, refuse, same, TokenError, utf8, verify } from "./jose.js";
import { discovered, download, KeySet, secure } from "./key-set.js";
import { pause } from "./drive.js";

// How often a waiting call looks, in milliseconds: in Cloudflare Workers the I/O of one request must not wake another.
const GLANCE = 10;
// More than this are not remembered: the first that came goes first.
const MAX_SEEN = 10000;
// More than this are forgotten all at once.
const MAX_GOOD = 1000;

export class TokenVerifier {
  #options;
  #policy;
  #keys;
  #secrets = new Map();
  // The headers that the issuer signed, and what they say.
  #heads = new Map();
  // The tokens whose signature was good, by its end, and with which key.
  #good = new Map();
  #seen = new Map();
  #flight;
  #kept;

  constructor(options) {
    const config = (why) => refuse("config", why);
    const { domain, audience, clientId, secret, jwks, jwksUrl, leeway = 60, keysTtl = 600, keysStale = 3600, keysCooldown = 30 } = options ?? {};
    if (!isText(domain) || !domain) config("`domain` is missing: expected something like tenant.us.auth0.com");
    const { origin, pathname, search } = secure(/^https?:\/\//i.test(domain) ? domain : `https://${domain}`, "config");
    if (pathname !== "/" || search) config("`domain` is a host, and no URL with a path");
    const { issuer = `${origin}/`, algorithms = [secret === undefined ? "RS256" : "HS256"] } = options;
    const audiences = [...list(audience)];
    if (!audiences.length && clientId === undefined) config("an audience (for access tokens) or a client id (for ID tokens) is needed");
    if (![issuer, ...audiences, clientId ?? "-"].every((text) => isText(text) && text)) config("audience, client id and issuer are texts, and not empty");
    if ([secret, jwks, jwksUrl].filter((source) => source !== undefined).length > 1) config("keys come from one of `jwksUrl`, `jwks` and `secret`");
    if (jwksUrl !== undefined) secure(jwksUrl, "config");
    // RFC 8725, section 3.1: which keys there are decides which algorithms there can be.
    const fits = (alg) => algorithmOf(alg) && (algorithmOf(alg).kty === "oct") === (secret !== undefined);
    if (!Array.isArray(algorithms) || !algorithms.length || !algorithms.every(fits)) config("the algorithms do not fit the keys: HS ones go with a secret, and only they");
    if (![leeway, keysTtl, keysStale, keysCooldown].every((seconds) => seconds >= 0)) config("leeway and times of keys are seconds");
    if (secret !== undefined && (!isText(secret) || /^\s*-----BEGIN /.test(secret))) refuse("key_unsuitable", "a secret for HMAC is a text, and no PEM");
    this.#options = { ...options };
    this.#policy = { issuer, audience: audiences, clientId, leeway, algorithms: [...algorithms] };
    const fixed = jwks === undefined || isText(jwks) ? jwks : JSON.stringify(jwks);
    this.#keys = new KeySet({ ttl: keysTtl * 1000, stale: keysStale * 1000, cooldown: keysCooldown * 1000, fixed });
  }

  // In milliseconds.
  get now() {
    return this.#options.clock?.() ?? Date.now();
  }

  // RFC 9068, and Auth0's own profile. A token that is bound to a key is only as good as its proof: see RequestGuard.
  verifyAccessToken(token, expect) {
    return this.#verify(ACCESS, token, expect);
  }

  // OpenID Connect Core, section 3.1.3.7.
  verifyIdToken(token, expect) {
    return this.#verify(ID, token, expect);
  }

  // OpenID Connect Back-Channel Logout 1.0, section 2.6. One that came before is refused.
  async verifyLogoutToken(token) {
    const claims = await this.#verify(LOGOUT, token);
    const key = `logout:${claims.iss}:${claims.jti}`;
    const expiresAt = (claims.exp + this.#policy.leeway) * 1000;
    const { store } = this.#options;
    const known = !this.first(key, expiresAt) || (await store?.get(key));
    if (known === true || known?.expiresAt > this.now) refuse("token_replayed", "the logout token came before");
    await store?.put(key, { token: "seen", expiresAt });
    return claims;
  }

  // True the first time that something comes, until it ends.
  first(key, ends) {
    const seen = this.#seen;
    const again = seen.get(key) > this.now;
    seen.delete(key);
    seen.set(key, ends);
    if (seen.size > MAX_SEEN) {
      for (const [name, end] of seen) if (end <= this.now) seen.delete(name);
      if (seen.size > MAX_SEEN) seen.delete(seen.keys().next().value);
    }
    return !again;
  }

  // Whatever can wait is done while the platform verifies: the signature, which is another thread's, then costs no time beside it.
  // What comes of that is told when the signature is known to be good, and not before.
  #verify(kind, token, expect = {}, found) {
    try {
      const { audience, clientId, algorithms } = this.#policy;
      if (kind === ACCESS ? !audience.length : clientId === undefined) {
        refuse("config", "the verifier has no audience (for access tokens) or no client id (for others)");
      }
      // An issuer writes the same header again and again, and what comes of the same text is the same.
      const { part, head, signature, signed, claims } = open(token, (part) => this.#heads.get(part) ?? readHeader(part, algorithms));
      const key = signature && (found ?? this.#ready(head));
      // The same text with the same key: the signature is as good as it was, and only all else can have changed. It is looked up by 72
      // bits of the signature: an end as short as this V8 copies, and one of 13 characters would keep the whole token.
      const end = token.slice(-12);
      const before = this.#good.get(end);
      const again = key && before?.token === token && before.key === key;
      const begun = again || (key && verify(head.alg, key, signature, signed));
      let read, fault;
      try {
        const known = claims();
        checkType(kind, head);
        read = known;
        check(kind, head, read, this.#policy, expect, now(this.now));
      } catch (error) {
        fault = error;
      }
      if (read && !key) return this.#key(head).then((key) => this.#verify(kind, token, expect, key));
      return Promise.resolve(begun).then((good) => {
        if (read && !good) refuse("signature_invalid", "the signature is not that of the issuer's key");
        if (fault) throw fault;
        if (this.#heads.set(part, head).size > 9) this.#heads.clear();
        // Other kinds come once, and so do many of this: of them the end is kept, which is short.
        if (kind === ACCESS && !again && this.#good.set(end, before === undefined ? 0 : { token, key }).size > MAX_GOOD) this.#good.clear();
        return kind === ID && (expect.accessToken ?? expect.code) !== undefined ? checkHashes(read.value, head, expect) : read.value;
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  // The key for a header when it is at hand. Why it is not, `#key` tells.
  #ready({ alg, kid }) {
    try {
      return (this.#options.secret === undefined ? this.#keys.find(alg, kid, this.now).imported : this.#secrets).get(alg);
    } catch {}
  }

  // The same when it is not: fetched, and taken in.
  async #key({ alg, kid }) {
    const { secret } = this.#options;
    if (secret !== undefined) {
      const bytes = utf8(secret);
      // RFC 7518, section 3.2.
      if (bytes.length < algorithmOf(alg).bytes) refuse("key_unsuitable", "a secret for HMAC must be at least as long as the digest");
      return this.#import(this.#secrets, alg, "raw", bytes);
    }
    const find = () => this.#keys.find(alg, kid, this.now);
    let found = find();
    if (!found) {
      await this.#refresh(find);
      found = find() ?? refuse("keys_unavailable", "the issuer's keys cannot be had");
    }
    const { kid: id, use, key_ops, alg: own, ...members } = found.jwk;
    return this.#import(found.imported, alg, "jwk", members);
  }

  async #import(imported, alg, format, data) {
    const key = imported.get(alg) ?? (await importKey(format, data, alg, "verify"));
    imported.set(alg, key);
    return key;
  }

  // Fetches the set, or waits for the call that does.
  async #refresh(find) {
    const timeout = this.#options.keysTimeout ?? 5000;
    const flight = this.#flight;
    if (flight) {
      for (let waited = 0; !flight.over && waited < timeout; waited += GLANCE) await pause(GLANCE);
      if (flight.over || find()) return;
    }
    const mine = (this.#flight = {});
    const controller = new AbortController();
    let timer;
    try {
      const late = new Promise((_, reject) => {
        timer = setTimeout(() => (reject(new Error("no key set came in time")), controller.abort()), timeout);
      });
      await Promise.race([this.#fetch(controller.signal, find), late]);
    } catch (cause) {
      this.#keys.failed(cause?.message ?? String(cause), this.now);
    } finally {
      clearTimeout(timer);
      mine.over = true;
      if (this.#flight === mine) this.#flight = undefined;
    }
  }

  async #fetch(signal, find) {
    const { jwksUrl, keysInStore, fetch = (url, init) => globalThis.fetch(url, init) } = this.#options;
    const { issuer } = this.#policy;
    const keys = this.#keys;
    const store = keysInStore ? this.#options.store : undefined;
    const life = keys.ttl + keys.stale;
    const discovery = () => `${secure(issuer, "keys_malformed").href.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const place = jwksUrl ?? discovery();
    const key = `jwks:${place}`;
    if (store && !this.#kept) {
      this.#kept = true;
      // What a store holds may be old, or no set, and it may be out of order: it saves a fetch, and no more.
      try {
        const known = await store.get(key);
        if (known.expiresAt > this.now) {
          keys.loaded(known.token, known.expiresAt - life);
          if (find()) return;
        }
      } catch {}
    }
    const set = await download(fetch, jwksUrl ?? discovered(await download(fetch, place, signal), issuer), signal);
    if (signal.aborted) return;
    keys.loaded(set, this.now);
    try {
      await store?.put(key, { token: set, expiresAt: this.now + life });
    } catch {}
  }

  // What a guard needs to judge proofs.
  get leeway() {
    return this.#policy.leeway;
  }
}

// OpenID Connect Core, section 3.1.3.6. The code flow may leave `at_hash` out.
const checkHashes = async (claims, { alg }, { accessToken, code }) => {
  for (const [name, of] of [["at_hash", accessToken], ["c_hash", code]]) {
    const found = claims[name];
    if (of === undefined || (found === undefined && name === "at_hash")) continue;
    if (!isText(found) || !found) refuse(found === undefined ? "claim_missing" : "claim_invalid", `the token's ${name} is no text`);
    const made = await digest(of, algorithmOf(alg).hash);
    if (!same(found, encode(made.subarray(0, made.length / 2)))) refuse(`${name}_mismatch`, `the token's ${name} is not that of what came with it`);
  }
  return claims;
};
