// `crypto.subtle`, and the texts that the core gives and takes around it. Nothing is decided here.
import { loadCore } from "./load.js";

// A token, a key, a proof or a request is refused; `code` is one word for each check (docs/verification.md).
export class TokenError extends Error {
  static name = "TokenError";

  constructor(code, message, cause) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "TokenError";
    this.code = code;
  }
}

export const refuse = (problem, cause) => {
  const at = problem.indexOf("\n");
  return new TokenError(problem.slice(0, at), problem.slice(at + 1), cause);
};

// What the core throws is a text: its refusal.
export const ask = (question) => {
  try {
    return question(Judge);
  } catch (thrown) {
    throw typeof thrown === "string" ? refuse(thrown) : thrown;
  }
};

// The core's part of this, once core() was there.
export let Judge;

const set = (loaded) => (Judge = loaded.Judge);

// Waits only while the core is not there yet.
export const core = () => {
  const loaded = loadCore();
  return loaded.then ? loaded.then(set) : set(loaded);
};

const { fromCharCode } = String;

export const encode = (bytes) => btoa(fromCharCode(...bytes)).replace(/[+/=]/g, (char) => ({ "+": "-", "/": "_" })[char] ?? "");

export const decode = (text) => {
  const binary = atob(text.replace(/[-_]/g, (char) => (char === "-" ? "+" : "/")));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
};

const encoder = new TextEncoder();
export const utf8 = (text) => encoder.encode(text);

const subtle = () => {
  const found = globalThis.crypto?.subtle;
  if (!found) throw new TokenError("algorithm_unsupported", "crypto.subtle is missing: browsers have it in secure contexts only (https or localhost)");
  return found;
};

export const digest = async (text, hash = "SHA-256") => new Uint8Array(await subtle().digest(hash, utf8(text)));

// 256 random bits as a text of 43 characters: for `state`, `nonce`, `jti`.
export const randomText = () => encode(crypto.getRandomValues(new Uint8Array(32)));

const FAMILIES = { RS: "RSASSA-PKCS1-v1_5", PS: "RSA-PSS", ES: "ECDSA", HS: "HMAC" };
const CURVES = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };

export const hashOf = (algorithm) => (algorithm === "EdDSA" || algorithm === "Ed25519" ? "SHA-512" : `SHA-${algorithm.slice(2)}`);

// What WebCrypto calls an algorithm of RFC 7518, with all that importing, signing and verifying want to know of it.
const known = {};
export const parameters = (algorithm) =>
  (known[algorithm] ??= FAMILIES[algorithm.slice(0, 2)] && algorithm !== "EdDSA"
    ? { name: FAMILIES[algorithm.slice(0, 2)], hash: hashOf(algorithm), namedCurve: CURVES[algorithm], saltLength: Number(algorithm.slice(2)) / 8 }
    : { name: "Ed25519" });

export const importKey = async (format, data, algorithm, usage) => {
  try {
    return await subtle().importKey(format, data, parameters(algorithm), false, [usage]);
  } catch (cause) {
    if (cause instanceof TokenError) throw cause;
    throw cause?.name === "NotSupportedError"
      ? new TokenError("algorithm_unsupported", `${algorithm} is not supported here: ${cause.message}`, cause)
      : new TokenError("key_unsuitable", `the key is no key for ${algorithm}: ${cause?.message}`, cause);
  }
};

export const verify = (algorithm, key, signature, data) => subtle().verify(parameters(algorithm), key, signature, data);

// A private key, whatever it is given as: a CryptoKey, a CryptoKeyPair, a PEM (PKCS#8), a JWK.
export const signingKey = async (given, algorithm) => {
  const key = given?.privateKey ?? given;
  if (typeof key === "string") return importKey("pkcs8", decode(ask((judge) => judge.pkcs8(key))), algorithm, "sign");
  if (key?.kty) {
    ask((judge) => judge.public(JSON.stringify(key), algorithm));
    if (!key.d) throw new TokenError("key_unsuitable", "a private key was expected, and this one is public");
    const { kty, crv, n, e, d, p, q, dp, dq, qi, x, y } = key;
    return importKey("jwk", { kty, crv, n, e, d, p, q, dp, dq, qi, x, y }, algorithm, "sign");
  }
  const { name, hash, namedCurve } = parameters(algorithm);
  const own = key?.algorithm;
  const fits = own?.name === name && (!own.namedCurve || own.namedCurve === namedCurve) && (!own.hash || own.hash.name === hash);
  if (!fits || !key.usages?.includes("sign")) throw new TokenError("key_unsuitable", `a private key for ${algorithm} was expected: a CryptoKey, a PEM (PKCS#8) or a JWK`);
  return key;
};

export const sign = async (algorithm, key, input) => `${input}.${encode(new Uint8Array(await subtle().sign(parameters(algorithm), key, utf8(input))))}`;

export const generate = (algorithm) =>
  subtle().generateKey({ ...parameters(algorithm), modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, false, ["sign", "verify"]);

export const exportPublic = (key) => subtle().exportKey("jwk", key);
