// Signatures of JWTs, by WebCrypto.

export const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

export const utf8 = (text) => new TextEncoder().encode(text);

const KINDS = { RS: "RSASSA-PKCS1-v1_5", PS: "RSA-PSS", ES: "ECDSA", HS: "HMAC" };

// What WebCrypto calls `RS256` and its like; undefined for what is none of them.
export const algorithmOf = (alg) => {
  const [, kind, bits] = /^([RPEH]S)(256|384|512)$/.exec(alg) ?? [];
  return kind && { name: KINDS[kind], hash: `SHA-${bits}`, saltLength: bits / 8, namedCurve: `P-${bits === "512" ? 521 : bits}` };
};

const pem = (text) => Uint8Array.from(atob(text.replace(/-----[^-]+-----|\s/g, "")), (c) => c.charCodeAt(0));

const key = async (algorithm, given) => {
  if (typeof given !== "string") return given.kty ? crypto.subtle.importKey("jwk", given, algorithm, false, ["sign"]) : given;
  try {
    return await crypto.subtle.importKey("pkcs8", pem(given), algorithm, false, ["sign"]);
  } catch (cause) {
    throw new Error("the signing key is not a private key in PEM (PKCS#8) for this algorithm", { cause });
  }
};

// A signed JWT. The key is PEM (PKCS#8), a JWK or a CryptoKey.
export const sign = async (header, claims, given) => {
  const algorithm = algorithmOf(header.alg);
  if (!algorithm || header.alg[0] === "H") throw new Error(`the signing algorithm ${header.alg} is not supported`);
  const text = `${base64url(utf8(JSON.stringify(header)))}.${base64url(utf8(JSON.stringify(claims)))}`;
  return `${text}.${base64url(new Uint8Array(await crypto.subtle.sign(algorithm, await key(algorithm, given), utf8(text))))}`;
};

// Assertions and request objects live for so long, in seconds.
const LIFETIME = 120;

export const issued = () => {
  const now = Math.floor(Date.now() / 1000);
  return { iat: now, nbf: now, exp: now + LIFETIME, jti: crypto.randomUUID() };
};
