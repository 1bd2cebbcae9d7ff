// What a client signs and draws: assertions, proofs of possession, PKCE.
import { ask, core, Judge, digest, encode, exportPublic, generate, randomText, sign, signingKey, TokenError } from "./crypto.js";

// A function that makes client assertions (RFC 7523), a new one each time.
export const createClientAssertion = ({ clientId, audience, key, algorithm = "RS256", keyId = key?.kid, lifetime = 60 }) => {
  if (!clientId || !audience) throw new TokenError("config", "an assertion needs a client id and an audience");
  let imported;
  return async () => {
    await core();
    const id = randomText();
    const input = ask(() => Judge.assertion(algorithm, keyId, clientId, audience, id, Date.now(), lifetime));
    return sign(algorithm, (imported ??= await signingKey(key, algorithm)), input);
  };
};

// A code verifier of PKCE and its challenge (RFC 7636, S256).
export const createPkce = async (codeVerifier = randomText()) => {
  await core();
  ask(() => Judge.codeVerifier(codeVerifier));
  return { codeVerifier, codeChallenge: encode(await digest(codeVerifier)), codeChallengeMethod: "S256" };
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

// Proofs of possession (RFC 9449) with one key pair: a new one, or one that was kept. Nonces are learned, one an origin.
export const createDpop = async ({ keyPair, algorithm = "ES256", fetch = (input, init) => globalThis.fetch(input, init) } = {}) => {
  await core();
  const pair = keyPair ?? (await generate(algorithm));
  const key = await signingKey(pair, algorithm);
  // A key pair of WebCrypto, or a private JWK, which holds both.
  const shown = pair.kty ? pair : await exportPublic(pair.publicKey);
  const { kty, crv, n, e, x, y } = shown;
  const jwk = ask(() => Judge.public(JSON.stringify({ kty, crv, n, e, x, y }), algorithm));
  return makeDpop({ key, jwk, pair, algorithm, fetch });
};

const makeDpop = ({ key, jwk, pair, algorithm, fetch }) => {
  const nonces = new Map();
  const proof = async (method, url, accessToken) => {
    const ath = accessToken === undefined ? undefined : encode(await digest(accessToken));
    const nonce = nonces.get(new URL(url).origin);
    return sign(algorithm, key, ask(() => Judge.dpop(algorithm, jwk, randomText(), method, url, Date.now(), ath, nonce)));
  };
  return {
    keyPair: pair,
    // The thumbprint of the key (RFC 7638): `dpop_jkt` of an authorization request.
    thumbprint: async () => encode(await digest(jwk)),
    proof,
    // `fetch` with a proof, sent again once when the server wants a nonce. With an access token it carries that too.
    async fetch(input, init, { accessToken } = {}) {
      const request = new Request(input, init);
      for (let again = true; ; again = false) {
        const copy = again ? request.clone() : request;
        const headers = new Headers(copy.headers);
        if (accessToken !== undefined) headers.set("authorization", `DPoP ${accessToken}`);
        headers.set("dpop", await proof(request.method, request.url, accessToken));
        const response = await fetch(new Request(copy, { headers }));
        const nonce = response.headers.get("dpop-nonce");
        if (nonce === null || !NONCE.test(nonce)) return response;
        const { origin } = new URL(request.url);
        nonces.delete(origin);
        nonces.set(origin, nonce);
        if (nonces.size > 50) nonces.delete(nonces.keys().next().value);
        if (!again || !(await wantsNonce(response))) return response;
        response.body?.cancel().catch(() => {});
      }
    },
  };
};
