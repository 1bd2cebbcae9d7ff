// What tokens are made of: base64url, strict JSON, keys, and `crypto.subtle` (RFC 7515, 7517, 7518, 8037).

// A token, a key, a proof or a request is refused; `code` is one word for each check (docs/verification.md).
export class TokenError extends Error {
  static name = "TokenError";

  constructor(code, message, cause) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "TokenError";
    this.code = code;
  }
}

export const refuse = (code, message, cause) => {
  throw new TokenError(code, message, cause);
};

export const isText = (value) => typeof value === "string";
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
export const isTexts = (value) => Array.isArray(value) && value.every(isText);

export const encode = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

// The value of a letter, by its code.
const values = new Uint8Array(128).fill(64);
for (let value = 0; value < 64; value++) values[encode([value << 2]).charCodeAt()] = value;

// base64url without padding, in its one form: nothing but its letters, and no bits behind the last byte. Undefined for anything else.
// Node's way is a third of a microsecond; by hand it is two, and `atob` with what it takes to make it strict is seven.
// A page may have a `Buffer` from elsewhere, which does not know base64url.
const Buffer = globalThis.Buffer?.isEncoding?.("base64url") && globalThis.Buffer;
export const decode = (text) => {
  if (Buffer) {
    const bytes = Buffer.from(text, "base64url");
    return bytes.toString("base64url") === text ? bytes : undefined;
  }
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let [at, bits, held] = [0, 0, 0];
  for (let index = 0; index < text.length; index++) {
    const value = values[text.charCodeAt(index)];
    if (!(value < 64)) return;
    held = (held << 6) | value;
    bits += 6;
    if (bits > 7) bytes[at++] = held >> (bits -= 8);
  }
  if (bits < 6 && !(held & ((1 << bits) - 1))) return bytes;
};

const encoder = new TextEncoder();
export const utf8 = (text) => encoder.encode(text);
// A byte order mark is kept, and is then no JSON.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// How many members there are, at all depths.
const count = (value) => {
  if (typeof value !== "object" || !value) return 0;
  const all = Array.isArray(value) ? value : Object.values(value);
  let sum = all === value ? 0 : all.length;
  for (const one of all) sum += count(one);
  return sum;
};

// A text without its escapes, and as long: only halves of pairs stay, beside each other where they were.
const unescaped = (text) =>
  text.replace(/\\(?:u(d[89a-f]..)|u....|.)/gi, (all, half = "78") => String.fromCharCode(`0x${half}`)[/^d[89ab]/i.test(half) ? "padStart" : "padEnd"](all.length, "x"));

// An object as JSON, and nothing that two parsers could read in two ways: no member twice at any depth, no half of a surrogate
// pair, 32 levels. `JSON.parse` takes the last of two members and says nothing: then there are fewer of them than colons. Gives the
// object and the names of its members that are numbers, but not written as plain digits; throws the code of the fault.
export const strict = (source) => {
  const odd = [];
  let [members, depth, start, end] = [0, 0, 0, 0];
  let value;
  try {
    const text = isText(source) ? source : decoder.decode(source);
    value = JSON.parse(text);
    let plain = text;
    // In bytes half a pair can only be an escape: UTF-8 has none.
    if (text.includes("\\") || (text === source && /[\ud800-\udfff]/.test(text))) {
      plain = unescaped(text);
      if (/[\ud800-\udfff]/u.test(plain)) throw 0;
    }
    for (let at = 0; at < plain.length; at++) {
      const code = plain.charCodeAt(at);
      const letter = code | 32;
      if (code === 34) {
        start = at;
        at = end = plain.indexOf('"', at + 1);
      } else if (code === 58) {
        members++;
      } else if (letter === 123) {
        if (++depth > 32) throw 0;
      } else if (letter === 125) {
        depth--;
      } else if (depth === 1 && (code === 45 || code === 46 || (letter === 101 && plain.charCodeAt(at - 1) < 58))) {
        odd.push(text.slice(start, end + 1));
      }
    }
  } catch {
    throw "json_invalid";
  }
  if (members !== count(value)) throw "member_duplicate";
  if (!isObject(value)) throw "json_invalid";
  return { value, odd: odd.map((name) => JSON.parse(name)) };
};

// Compares without telling by the time how much is the same. The length is no secret.
export const same = (a, b) => {
  let different = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) different |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return different === 0;
};

const subtle = () =>
  globalThis.crypto?.subtle ?? refuse("algorithm_unsupported", "crypto.subtle is missing: browsers have it for https and localhost only");

export const digest = async (text, hash = "SHA-256") => new Uint8Array(await subtle().digest(hash, utf8(text)));

// 256 random bits as a text of 43 characters: for `state`, `nonce`, `jti`.
export const randomText = () => encode(crypto.getRandomValues(new Uint8Array(32)));

const FAMILIES = { RS: "RSASSA-PKCS1-v1_5", PS: "RSA-PSS", ES: "ECDSA", HS: "HMAC" };
const SIZES = { "P-256": 32, "P-384": 48, "P-521": 66, Ed25519: 32 };

// What WebCrypto calls an algorithm of RFC 7518, section 3.1, with all that importing, signing and verifying want to know of it,
// and the key type and the length of a signature, where it has one. Undefined for what is none; the name is compared exactly.
const known = new Map();
for (const bits of [256, 384, 512]) {
  for (const family of ["RS", "PS", "ES", "HS"]) {
    const namedCurve = `P-${bits === 512 ? 521 : bits}`;
    const [kty, bytes] = { ES: ["EC", 2 * SIZES[namedCurve]], HS: ["oct", bits / 8] }[family] ?? ["RSA"];
    known.set(family + bits, { name: FAMILIES[family], hash: `SHA-${bits}`, namedCurve, saltLength: bits / 8, kty, bytes, crv: kty === "EC" ? namedCurve : undefined });
  }
}
known.set("EdDSA", { name: "Ed25519", hash: "SHA-512", kty: "OKP", bytes: 64, crv: "Ed25519" });
// RFC 9864, section 2.2.
known.set("Ed25519", known.get("EdDSA"));
export const algorithmOf = (name) => known.get(name);
// All but HMAC.
export const ASYMMETRIC = ["ES256", "ES384", "ES512", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

export const importKey = async (format, data, alg, usage) => {
  try {
    return await subtle().importKey(format, data, algorithmOf(alg), false, [usage]);
  } catch (cause) {
    if (cause instanceof TokenError) throw cause;
    const lacks = cause?.name === "NotSupportedError";
    refuse(lacks ? "algorithm_unsupported" : "key_unsuitable", `${lacks ? "not supported here" : "no key"} for ${alg}: ${cause?.message}`, cause);
  }
};

export const verify = (alg, key, signature, data) => subtle().verify(algorithmOf(alg), key, signature, utf8(data));

const number = (text) => {
  const bytes = isText(text) && decode(text);
  return bytes?.length ? BigInt(`0x${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`) : 0n;
};

// The members that make a key of a kind that is known here, in the order of RFC 7638, section 3.2; undefined for any other, and
// for RSA below 2048 bits (RFC 7518, section 3.3) or above 16384.
export const publicOf = ({ kty, crv, n, e, x, y }) => {
  const fits = (text) => isText(text) && decode(text)?.length === SIZES[crv];
  if (kty === "RSA") {
    const [bits, exponent] = [number(n).toString(2).length, number(e)];
    return bits >= 2048 && bits <= 16384 && exponent & 1n && exponent > 1n && exponent < 1n << 64n ? { e, kty, n } : undefined;
  }
  if (kty === "EC") return /^P/.test(crv) && fits(x) && fits(y) ? { crv, kty, x, y } : undefined;
  return kty === "OKP" && crv === "Ed25519" && fits(x) ? { crv, kty, x } : undefined;
};

// What of a key says that it is not for an algorithm and a use (RFC 7517, sections 4.2 to 4.4); undefined when nothing does.
export const misfit = (jwk, alg, usage) => {
  const { kty, crv, use, key_ops } = jwk;
  const wanted = algorithmOf(alg);
  return (
    kty !== wanted.kty ? kty
    : wanted.crv && crv !== wanted.crv ? crv
    : jwk.alg !== undefined && algorithmOf(jwk.alg) !== wanted ? jwk.alg
    : use !== undefined && use !== "sig" ? use
    : key_ops !== undefined && !key_ops.includes?.(usage) ? key_ops
    : undefined
  );
};

// The code and the words for it.
export const unsuitable = (alg, found) => ["key_unsuitable", `a key for ${alg} was expected, found ${JSON.stringify(found)}`];

// A private key, whatever it is given as: a CryptoKey, a CryptoKeyPair, a PEM (PKCS#8), a JWK.
const privateKey = async (given, alg) => {
  const wanted = algorithmOf(alg);
  if (!wanted || wanted.kty === "oct") refuse("config", `${alg} is no algorithm with a private key`);
  const key = given?.privateKey ?? given;
  if (isText(key)) {
    const [, label = "none"] = /-----BEGIN ([^-]*)-----/.exec(key) ?? [];
    if (label !== "PRIVATE KEY") refuse("key_malformed", `a PRIVATE KEY was expected, found ${label}: \`openssl pkcs8 -topk8 -nocrypt -in key.pem\` makes one`);
    let der;
    try {
      der = Uint8Array.from(atob(key.replace(/-----[^-]+-----|\s/g, "")), (char) => char.charCodeAt());
    } catch (cause) {
      refuse("key_malformed", "the PEM is no base64", cause);
    }
    return importKey("pkcs8", der, alg, "sign");
  }
  if (key?.kty) {
    if (!publicOf(key)) refuse("key_malformed", "the key is malformed, weak, or of an unknown type");
    const found = misfit(key, alg, "sign");
    if (found !== undefined) refuse(...unsuitable(alg, found));
    const { kty, crv, n, e, d, p, q, dp, dq, qi, x, y } = key;
    if (!d) refuse("key_unsuitable", "a private key was expected, and this one is public");
    return importKey("jwk", { kty, crv, n, e, d, p, q, dp, dq, qi, x, y }, alg, "sign");
  }
  const own = key?.algorithm;
  if (own?.name === wanted.name && (!own.namedCurve || own.namedCurve === wanted.crv) && (!own.hash || own.hash.name === wanted.hash) && key.usages?.includes("sign")) return key;
  refuse("key_unsuitable", `a private key for ${alg} was expected: a CryptoKey, a PEM (PKCS#8) or a JWK`);
};

// A function that signs JWTs with a key, which is imported once.
export const signer = (given, alg) => {
  let imported;
  return async (header, claims) => {
    const key = await (imported ??= privateKey(given, alg));
    const input = [{ alg, ...header }, claims].map((part) => encode(utf8(JSON.stringify(part)))).join(".");
    return `${input}.${encode(new Uint8Array(await subtle().sign(algorithmOf(alg), key, utf8(input))))}`;
  };
};

export const now = (clock = Date.now()) => Math.floor(clock / 1000);

// A key pair for proofs, whose private half cannot be exported.
export const generate = (alg) =>
  subtle().generateKey({ ...algorithmOf(alg), modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }, false, ["sign", "verify"]);

export const exportPublic = (key) => subtle().exportKey("jwk", key);
