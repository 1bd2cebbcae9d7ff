// The keys of an issuer (RFC 7517, section 5): what is kept of them, and when they are fetched. The rules of src/verify/keys.rs.
import { isText, isTexts, misfit, publicOf, refuse, strict, unsuitable } from "./jose.js";

// After a failed fetch of keys that are wanted at once, in milliseconds; and by how much a clock may be set back unnoticed.
const AFTER_FAILURE = 3000;
const CLOCK_STEP = 60000;
const MAX_DOCUMENT = 262144;

const LOOPBACK = /^((.+\.)?localhost|127(\.\d+){3}|\[::1\])$/;

// https, or a loopback host. Gives the URL.
export const secure = (text, code) => {
  let url;
  try {
    url = new URL(text);
  } catch {}
  if (!url || !(url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname))) || url.username || url.password || url.hash) {
    refuse(code, `an https URL was expected, found ${JSON.stringify(text)}`);
  }
  return url;
};

const documentOf = (text, what) => {
  try {
    return strict(text).value;
  } catch {
    refuse("keys_malformed", /^\s*</.test(text) ? `the ${what} is an HTML page` : `the ${what} is no JSON object`);
  }
};

// The keys of a set that can be used here. What is not understood is left out, as the RFC says; so are secrets, which nobody publishes.
const keysOf = (text) => {
  const { keys } = documentOf(text, "key set");
  const none = (why) => refuse("keys_malformed", `the key set has ${why}`);
  if (!Array.isArray(keys)) none("no array `keys`");
  if (keys.length > 100) none("more than 100 keys");
  const usable = keys.flatMap((key) => {
    const shown = publicOf(key ?? {});
    const { kid, alg, use, key_ops } = key ?? {};
    const sound = [kid, alg, use].every((value) => value === undefined || isText(value)) && (key_ops === undefined || isTexts(key_ops));
    return shown && sound ? [{ ...shown, kid, alg, use, key_ops }] : [];
  });
  return usable.length ? usable : none("no key that can be used here");
};

// Where the keys are, by the discovery document of the issuer (OpenID Connect Discovery 1.0, section 4.3).
export const discovered = (text, issuer) => {
  const document = documentOf(text, "discovery document");
  if (document.issuer !== issuer) refuse("keys_malformed", `the discovery document is of another issuer: ${JSON.stringify(document.issuer)}`);
  return secure(document.jwks_uri, "keys_malformed").href;
};

// Gets a document, and not more of it than a document of its kind has.
export const download = async (fetch, url, signal) => {
  const response = await fetch(url, { headers: { accept: "application/json" }, redirect: "manual", signal });
  if (response.status !== 200) throw new Error(`${url}: the status is ${response.status}`);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = response.body?.getReader();
  let [text, length] = ["", 0];
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    text += decoder.decode(value, { stream: !done });
    if (done) return text;
    length += value.length;
    if (length > MAX_DOCUMENT) {
      reader.cancel().catch(() => {});
      throw new Error(`${url}: the document is longer than 256 KiB`);
    }
  }
};

// The time since then; undefined when that lies in the future, which is to say that the clock jumped.
const since = (now, then) => (then === undefined || now + CLOCK_STEP < then ? undefined : Math.max(now - then, 0));

export class KeySet {
  #entries = [];
  #fetched;
  #tried;
  #failure;

  // Times in milliseconds. With `fixed` the set is given, and never changes.
  constructor({ ttl, stale, cooldown, fixed }) {
    Object.assign(this, { ttl, stale, cooldown, fixed: fixed !== undefined });
    if (this.fixed) this.loaded(fixed, 0);
  }

  // The entry of the key for a token; nothing when the set is to be fetched first. Throws why there is none.
  find(alg, kid, now) {
    const found = this.#look(alg, kid);
    const bad = Array.isArray(found);
    const give = () => (bad ? refuse(...found) : found);
    if (this.fixed) return give();
    const age = since(now, this.#fetched);
    const fresh = age < this.ttl;
    const usable = age < this.ttl + this.stale;
    const rests = since(now, this.#tried) < (this.#fetched === undefined ? AFTER_FAILURE : this.cooldown);
    if (!bad && (fresh || (usable && rests))) return found;
    // A key that is there and is not for this: no other set will have another one of its id.
    if (bad && fresh && found[0] !== "key_unknown") give();
    if (!rests) return;
    // Failing to get a new set is why the key is not known.
    if (this.#failure || !usable) refuse("keys_unavailable", `the issuer's keys cannot be had: ${this.#failure ?? "nothing was fetched"}`);
    return give();
  }

  // The entry, or the code and the words for why there is none.
  #look(alg, kid) {
    const named = ({ jwk }) => kid === undefined || jwk.kid === kid;
    const fit = this.#entries.filter((entry) => named(entry) && misfit(entry.jwk, alg, "verify") === undefined);
    // RFC 7515, section 4.1.4: without an id there must be no choice.
    if (fit.length && (fit.length === 1 || kid !== undefined)) return fit[0];
    if (fit.length) return ["key_id_missing", "the token names no key (kid), and the issuer has several"];
    const last = kid === undefined ? undefined : this.#entries.filter(named).at(-1);
    return last ? unsuitable(alg, misfit(last.jwk, alg, "verify")) : ["key_unknown", `a key of the issuer was expected, found ${JSON.stringify(kid)}`];
  }

  // A set has come; it was fetched then. What was made of keys that were there before stays good.
  loaded(text, at) {
    const old = new Map(this.#entries.map((entry) => [JSON.stringify(entry.jwk), entry]));
    this.#entries = keysOf(text).map((jwk) => old.get(JSON.stringify(jwk)) ?? { jwk, imported: new Map() });
    [this.#fetched, this.#tried, this.#failure] = [at, at, undefined];
  }

  // No set has come. What is there stays.
  failed(why, now) {
    [this.#tried, this.#failure] = [now, why];
  }
}
