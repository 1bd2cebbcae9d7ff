// Keys and tokens, in every runtime: the examples of the RFCs, tokens with one flaw each, the guard, proofs, assertions.
import data from "./keys-data.mjs";

const { hostile, vectors } = data;

const b64 = (value) => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value)))).replace(/[+/=]/g, (char) => ({ "+": "-", "/": "_" })[char] ?? "");
const part = (token, index) => JSON.parse(atob(token.split(".")[index].replace(/-/g, "+").replace(/_/g, "/")));

export const keysCases = ({ test, ok, equal, fails, includes }) => {
  const clock = () => hostile.now * 1000;
  const { issuer, audience, clientId, jwks } = hostile;
  const settings = { domain: "tenant.example.com", issuer, audience, clientId, jwks, clock };
  const check = (verifier, { kind, expect }, token) => {
    if (kind === "access") return verifier.verifyAccessToken(token, expect);
    return kind === "id" ? verifier.verifyIdToken(token, expect) : verifier.verifyLogoutToken(token);
  };
  const problem = (promise) => promise.then(() => undefined, (error) => error);

  test("keys: tokens with one flaw are refused, and pass without it", async ({ sdk }) => {
    const wrong = [];
    let lacking = 0;
    for (const hard of hostile.cases) {
      const { secret, algorithms } = hard;
      const verifier = new sdk.TokenVerifier({ ...settings, algorithms, ...(secret ? { secret, jwks: undefined } : {}) });
      if (hard.again) await check(verifier, hard, hard.token);
      const error = await problem(check(verifier, hard, hard.token));
      if (error?.code === "algorithm_unsupported") {
        lacking++;
        continue;
      }
      if (!(error instanceof sdk.TokenError) || error.code !== hard.code) wrong.push(`${hard.name}: ${hard.code}, got ${error?.code ?? "a pass"} ${error?.stack}`);
      else if (hard.token.split(".").some((text) => text.length > 20 && error.message.includes(text))) wrong.push(`${hard.name}: the token is shown`);
      const mended = await problem(check(verifier, hard, hard.mended));
      if (mended) wrong.push(`${hard.name}, mended: ${mended.code} ${mended.message}`);
    }
    ok(hostile.cases.length >= 120, "120 tokens");
    // Ed25519 is young in browsers.
    ok(lacking <= 3, `a platform that lacks at most Ed25519, got ${lacking}`);
    equal(wrong, [], `${wrong.length} of ${hostile.cases.length}`);
  });

  test("keys: the examples of the RFCs", async ({ sdk }) => {
    const names = { "RFC 7515 A.1 (also RFC 7519 3.1)": "hmac" };
    for (const { name, alg, key, jws, claims } of vectors.signatures.filter(({ claims }) => claims)) {
      ok(claims, "claims");
      const jwk = vectors.keys[key];
      if (names[name]) continue;
      const { d, p, q, dp, dq, qi, ...shown } = jwk;
      const verifier = new sdk.TokenVerifier({ domain: "a.example", issuer: "joe", audience: "x", algorithms: [alg], jwks: { keys: [shown] } });
      // They have no audience: that is told once the signature was found right.
      equal((await problem(verifier.verifyAccessToken(jws))).code, "claim_missing", name);
      equal((await problem(verifier.verifyAccessToken(jws.replace(/.{5}$/, "AAAAA").replace(/.$/, "A")))).code, "signature_invalid", name);
    }
    const none = new sdk.TokenVerifier({ domain: "a.example", audience: "x", jwks });
    equal((await problem(none.verifyAccessToken(vectors.unsecured))).code, "algorithm_not_allowed");
    const { verifier, challenge } = vectors.pkce;
    equal(await sdk.createPkce(verifier), { codeVerifier: verifier, codeChallenge: challenge, codeChallengeMethod: "S256" });
    for (const wrong of ["short", "a".repeat(129), `${"a".repeat(50)}+`]) equal((await problem(sdk.createPkce(wrong))).code, "config");
    const made = await sdk.createPkce();
    ok(/^[\w-]{43}$/.test(made.codeVerifier) && made.codeVerifier !== (await sdk.createPkce()).codeVerifier, "verifiers");
    ok(sdk.randomText() !== sdk.randomText(), "random texts");
    const dpop = await sdk.createDpop({ keyPair: vectors.keys.ec });
    equal(await dpop.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    const { accessToken, ath } = vectors.dpop;
    const proof = await dpop.proof("GET", "https://A.example:443/x?y#z", accessToken);
    equal([part(proof, 1).ath, part(proof, 1).htu, part(proof, 1).htm], [ath, "https://a.example/x", "GET"]);
    const { d, ...shown } = vectors.keys.ec;
    equal(part(proof, 0), { typ: "dpop+jwt", alg: "ES256", jwk: shown });
  });

  test("keys: sets are fetched once, and what is none is told", async ({ sdk }) => {
    const token = hostile.cases.find(({ kind }) => kind === "access").mended;
    let asked = [];
    let set = () => Response.json(jwks);
    const fetch = async (url) => {
      asked.push(url);
      return String(url).endsWith("openid-configuration") ? Response.json({ issuer, jwks_uri: `${issuer}keys` }) : set();
    };
    const build = (more) => new sdk.TokenVerifier({ domain: "tenant.example.com", issuer, audience, fetch, clock, ...more });
    const verifier = build();
    await Promise.all(Array.from({ length: 20 }, () => verifier.verifyAccessToken(token)));
    equal(asked, [`${issuer}.well-known/openid-configuration`, `${issuer}keys`]);
    equal((await verifier.verifyAccessToken(token)).sub, "auth0|1");
    const unknown = `${b64({ alg: "RS256", kid: "nobody" })}.${token.split(".").slice(1).join(".")}`;
    for (let times = 0; times < 5; times++) equal((await problem(verifier.verifyAccessToken(unknown))).code, "key_unknown");
    equal(asked.length, 2);
    for (const [answer, word] of [
      [() => new Response("<html>"), "HTML"], [() => new Response(""), "JSON"], [() => Response.json({ keys: [] }), "no key"],
      [() => new Response(" ".repeat(300000)), "256 KiB"], [() => Response.json({ keys: Array(10000).fill({}) }), "100"], [() => new Response("", { status: 500 }), "500"],
      [() => new Promise(() => {}), "in time"], [() => Promise.reject(new TypeError("offline")), "offline"],
    ]) {
      set = answer;
      const error = await problem(build({ keysTimeout: 100 }).verifyAccessToken(token));
      equal(error.code, "keys_unavailable");
      includes(error.message, word);
    }
    set = () => Response.json(jwks);
    const kept = new Map();
    const store = { get: async (key) => kept.get(key), put: async (key, value) => void kept.set(key, value) };
    await build({ store, keysInStore: true }).verifyAccessToken(token);
    asked = [];
    await build({ store, keysInStore: true }).verifyAccessToken(token);
    equal(asked, []);
    for (const wrong of [{ audience: undefined }, { algorithms: ["HS256"] }, { algorithms: [] }, { algorithms: ["none"] }, { secret: "s".repeat(40), jwks }, { jwksUrl: "http://a.example/k" }]) {
      await fails(Promise.resolve().then(() => build(wrong)), { code: "config" }, JSON.stringify(wrong));
    }
  });

  test("keys: a guard lets in or answers", async ({ sdk }) => {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const shown = { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), kid: "k", key_ops: undefined };
    const verifier = new sdk.TokenVerifier({ domain: "tenant.example.com", audience: "api", algorithms: ["ES256"], jwks: { keys: [JSON.parse(JSON.stringify(shown))] } });
    const now = Math.floor(Date.now() / 1000);
    const make = async (claims) => {
      const input = `${b64({ alg: "ES256", kid: "k" })}.${b64({ iss: "https://tenant.example.com/", aud: "api", sub: "s", iat: now, exp: now + 600, scope: "a b", ...claims })}`;
      const bytes = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(input)));
      return `${input}.${btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (char) => ({ "+": "-", "/": "_" })[char] ?? "")}`;
    };
    const url = "https://api.example.com/things?x=1";
    const ask = (headers, guard, more) => guard.check(new Request(url, { headers }), more);
    const guard = new sdk.RequestGuard(verifier, { scopes: ["a"], realm: "things" });
    const good = await make();
    const { claims } = await ask({ authorization: `Bearer ${good}` }, guard);
    equal(claims.sub, "s");
    const refused = async (headers, status, word, more) => {
      const { response, error } = await ask(headers, guard, more);
      equal([response?.status, error?.code], [status, word]);
      return response.headers.get("www-authenticate");
    };
    includes(await refused({}, 401, "token_missing"), 'Bearer realm="things", DPoP realm="things", algs="ES256');
    includes(await refused({ authorization: "Bearer a b" }, 400, "request_malformed"), 'error="invalid_request"');
    includes(await refused({ authorization: "Bearer abc" }, 401, "token_malformed"), 'error="invalid_token"');
    includes(await refused({ authorization: `Bearer ${await make({ scope: "b" })}` }, 403, "insufficient_scope"), 'scope="a"');
    const dpop = await sdk.createDpop();
    const bound = await make({ cnf: { jkt: await dpop.thumbprint() } });
    await refused({ authorization: `Bearer ${bound}` }, 401, "dpop_required");
    await refused({ authorization: `DPoP ${bound}` }, 401, "dpop_proof_invalid");
    const proof = await dpop.proof("GET", url, bound);
    equal((await ask({ authorization: `DPoP ${bound}`, dpop: proof }, guard)).claims?.sub, "s");
    await refused({ authorization: `DPoP ${bound}`, dpop: proof }, 401, "dpop_replayed");
    await refused({ authorization: `DPoP ${bound}`, dpop: await dpop.proof("POST", url, bound) }, 401, "dpop_proof_invalid");
    await refused({ authorization: `DPoP ${bound}`, dpop: await dpop.proof("GET", url, good) }, 401, "dpop_proof_invalid");
    await refused({ authorization: `DPoP ${bound}`, dpop: await (await sdk.createDpop()).proof("GET", url, bound) }, 401, "dpop_binding_mismatch");
    await refused({ authorization: `DPoP ${good}`, dpop: await dpop.proof("GET", url, good) }, 401, "dpop_binding_mismatch");
    // The whole way: the client learns the nonce that the guard wants.
    const statuses = [];
    const server = async (request) => {
      const { claims, response } = await guard.check(request, { dpopNonce: "nonce-1" });
      statuses.push(response?.status ?? 200);
      return response ?? Response.json(claims);
    };
    const client = await sdk.createDpop({ fetch: server });
    const accessToken = await make({ cnf: { jkt: await client.thumbprint() } });
    equal((await (await client.fetch(url, { headers: { "x-own": "1" } }, { accessToken })).json()).sub, "s");
    equal((await client.fetch(url, undefined, { accessToken })).status, 200);
    equal(statuses, [401, 200, 200]);
    const down = new sdk.RequestGuard(new sdk.TokenVerifier({ domain: "tenant.example.com", audience: "api", algorithms: ["ES256"], fetch: async () => new Response("", { status: 500 }) }));
    equal((await ask({ authorization: `Bearer ${good}` }, down)).response.status, 503);
  });

  test("keys: assertions are new each time", async ({ sdk }) => {
    const assert = sdk.createClientAssertion({ clientId: "c", audience: issuer, key: vectors.keys.rsa, keyId: "rsa" });
    const [first, second] = [await assert(), await assert()];
    equal(part(first, 0), { alg: "RS256", typ: "JWT", kid: "rsa" });
    const { iat, exp, jti, ...rest } = part(first, 1);
    equal(rest, { iss: "c", sub: "c", aud: issuer });
    ok(exp === iat + 60 && jti !== part(second, 1).jti, "a life of a minute and an id of its own");
    const verifier = new sdk.TokenVerifier({ domain: "c", issuer: "c", audience: issuer, jwks });
    equal((await verifier.verifyAccessToken(first)).sub, "c");
    const { kty, n, e } = vectors.keys.rsa;
    for (const key of [{ kty, n, e }, "-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----", undefined, {}, vectors.keys.ec]) {
      const error = await problem(sdk.createClientAssertion({ clientId: "c", audience: issuer, key })());
      ok(/^key_/.test(error?.code), `a refused key, got ${error?.code} ${error?.message}`);
    }
    await fails(Promise.resolve().then(() => sdk.createClientAssertion({ clientId: "", audience: "x" })), { code: "config" });
  });
};
