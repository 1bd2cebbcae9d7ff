// Proofs of possession (RFC 9449), on the side that has the key and on the side that checks them.
import { isTime, open, readHeader } from "./claims.js";
import { ASYMMETRIC, digest, encode, exportPublic, generate, importKey, misfit, now, publicOf, randomText, refuse, same, signer, TokenError, utf8, verify } from "./jose.js";

const thumbprintOf = async (jwk) => encode(await digest(JSON.stringify(jwk)));

// A URL without query and fragment (`htu`), normalised as section 4.3 asks for (RFC 3986, section 6.2); undefined for what is none.
const targetOf = (text) => {
  try {
    const { protocol, origin, pathname, username, password } = new URL(text);
    if (!/^https?:$/.test(protocol) || username || password) return;
    return origin + pathname.replace(/%[\da-f]{2}/gi, (escape) => {
      const char = String.fromCharCode(parseInt(escape.slice(1), 16));
      return /[\w.~-]/.test(char) ? char : escape.toUpperCase();
    });
  } catch {}
};

// How old a proof may be, beside the leeway, in seconds.
const AGE = 60;

// Checks a proof, whose key must be `jkt`; `first` tells whether a name comes for the first time.
export const checkProof = async (text, jkt, { method, url, token: accessToken, nonce, time, leeway, first }) => {
  const bad = (why) => refuse("dpop_proof_invalid", `the DPoP proof ${why}`);
  let token, body;
  try {
    token = open(text, (part) => readHeader(part, ASYMMETRIC));
    body = token.claims();
  } catch (error) {
    bad(`is refused: ${error.message}`);
  }
  const { head: { alg, jwk: given, type }, signature, signed } = token;
  if (type !== "dpop+jwt") bad("has a typ other than dpop+jwt");
  if (typeof given !== "object" || given === null || Array.isArray(given)) bad("has no jwk");
  // A private key is a stolen key by now.
  if (["d", "p", "q", "dp", "dq", "qi", "oth", "k"].some((name) => name in given)) bad("shows a private key");
  const jwk = publicOf(given) ?? bad("has an unknown jwk");
  if (misfit(given, alg, "verify") !== undefined) bad("has a jwk that is not for its algorithm");
  const thumbprint = await thumbprintOf(jwk);
  if (!same(thumbprint, jkt)) refuse("dpop_binding_mismatch", "the DPoP proof is made with another key than the token's");
  const key = await importKey("jwk", jwk, alg, "verify");
  if (!(await verify(alg, key, signature, signed))) bad("has a signature that is not that of its key");
  const { value: claims, odd } = body;
  const { jti, htm, htu, ath, iat } = claims;
  const is = (found, wanted) => typeof found === "string" && same(found, wanted);
  if (typeof jti !== "string" || !jti || utf8(jti).length > 256) bad("has no jti");
  if (htm !== method) bad("is for another method (htm)");
  const target = typeof htu === "string" ? targetOf(htu) : undefined;
  if (target === undefined || target !== targetOf(url)) bad("is for another URL (htu)");
  if (!is(ath, encode(await digest(accessToken)))) bad("is for another access token (ath)");
  if (nonce !== undefined && !is(claims.nonce, nonce)) refuse("use_dpop_nonce", "the DPoP proof must have the nonce of this answer");
  if (!isTime(iat, "iat", odd)) bad("has no iat");
  const ends = iat + AGE + leeway;
  if (iat > time + leeway || ends <= time) bad("is too old, or from the future (iat)");
  if (!first(`dpop:${thumbprint}:${jti}`, ends * 1000)) refuse("dpop_replayed", "the DPoP proof came before");
};

// What cannot be a nonce is not sent back (NQCHAR of RFC 6749, appendix A).
const NONCE = /^[!-~]{1,1024}$/;

const wantsNonce = async (response) => {
  if (response.status === 401) return /use_dpop_nonce/.test(response.headers.get("www-authenticate"));
  if (response.status !== 400) return false;
  try {
    return (await response.clone().json()).error === "use_dpop_nonce";
  } catch {
    return false;
  }
};

// Proofs with one key pair: a new one, or one that was kept. Nonces are learned, one an origin.
export const createDpop = async ({ keyPair, algorithm = "ES256", fetch = (input, init) => globalThis.fetch(input, init) } = {}) => {
  const pair = keyPair ?? (await generate(algorithm));
  // A key pair of WebCrypto, or a private JWK, which holds both.
  const jwk = publicOf(pair.kty ? pair : await exportPublic(pair.publicKey)) ?? refuse("key_malformed", "the key pair has no known public key");
  const sign = signer(pair, algorithm);
  // A key that cannot sign is told now.
  await sign({}, {});
  const nonces = new Map();
  // Makes a request with a proof, and once more when the server wants a nonce.
  const prove = async (method, url, accessToken, attempt) => {
    for (let again = true; ; again = false) {
      const response = await attempt(await dpop.proof(method, url, accessToken), again);
      const nonce = response.headers.get("dpop-nonce");
      if (!NONCE.test(nonce ?? "")) return response;
      const { origin } = new URL(url);
      nonces.delete(origin);
      nonces.set(origin, nonce);
      if (nonces.size > 50) nonces.delete(nonces.keys().next().value);
      if (!again || !(await wantsNonce(response))) return response;
      response.body?.cancel().catch(() => {});
    }
  };
  const dpop = {
    keyPair: pair,
    // The thumbprint of the key (RFC 7638): `dpop_jkt` of an authorization request.
    thumbprint: () => thumbprintOf(jwk),
    async proof(htm, url, accessToken) {
      const htu = targetOf(url) ?? refuse("config", "a proof is for an absolute http URL");
      const ath = accessToken === undefined ? undefined : encode(await digest(accessToken));
      return sign({ typ: "dpop+jwt", jwk }, { jti: randomText(), htm, htu, iat: now(), ath, nonce: nonces.get(new URL(url).origin) });
    },
    // `fetch` with a proof. With an access token it carries that too.
    fetch(input, init, { accessToken } = {}) {
      const request = new Request(input, init);
      return prove(request.method, request.url, accessToken, (proof, again) => {
        const copy = again ? request.clone() : request;
        const headers = new Headers(copy.headers);
        if (accessToken !== undefined) headers.set("authorization", `DPoP ${accessToken}`);
        headers.set("dpop", proof);
        return fetch(new Request(copy, { headers }));
      });
    },
  };
  return Object.defineProperty(dpop, "prove", { value: prove });
};

// A code verifier of PKCE and its challenge (RFC 7636, S256).
export const createPkce = async (codeVerifier = randomText()) => {
  if (!/^[\w.~-]{43,128}$/.test(codeVerifier)) throw new TokenError("config", "a code verifier has 43 to 128 letters, digits, `-`, `.`, `_` and `~`");
  return { codeVerifier, codeChallenge: encode(await digest(codeVerifier)), codeChallengeMethod: "S256" };
};

// A function that makes client assertions (RFC 7523), a new one each time.
export const createClientAssertion = ({ clientId, audience, key, algorithm = "RS256", keyId = key?.kid, lifetime = 60 }) => {
  if (!clientId || !audience) refuse("config", "an assertion needs a client id and an audience");
  if (!(lifetime >= 1 && lifetime <= 300)) refuse("config", "an assertion lives for 1 to 300 seconds");
  const sign = signer(key, algorithm);
  return () => sign({ typ: "JWT", kid: keyId }, { iss: clientId, sub: clientId, aud: audience, ...issued(lifetime) });
};

// The times of what is signed, and an id of its own.
export const issued = (lifetime) => {
  const iat = now();
  return { jti: randomText(), iat, exp: iat + lifetime };
};
