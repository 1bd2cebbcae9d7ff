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
      // Now that the key is there, the signature is verified while the rest is read.
      const again = await problem(check(verifier, hard, hard.token));
      if (again?.code !== hard.code) wrong.push(`${hard.name}, warm: ${hard.code}, got ${again?.code ?? "a pass"}`);
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

  // What makes tokens of all kinds, with a key of its own.
  const maker = async (settings) => {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const jwk = { kty, crv, x, y, kid: "k" };
    const now = Math.floor(Date.now() / 1000);
    const make = async (claims, header) => {
      const input = `${b64({ alg: "ES256", kid: "k", ...header })}.${b64({ iss: "https://tenant.example.com/", aud: "api", sub: "s", iat: now, exp: now + 600, ...claims })}`;
      const bytes = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(input)));
      return `${input}.${btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (char) => ({ "+": "-", "/": "_" })[char] ?? "")}`;
    };
    return { make, now, jwk, settings: { domain: "tenant.example.com", audience: "api", clientId: "c", algorithms: ["ES256"], jwks: { keys: [jwk] }, ...settings } };
  };

  test("keys: what is done while the signature is verified says nothing before", async ({ sdk }) => {
    const { make, jwk, now, settings } = await maker();
    let time = now * 1000;
    let keys = [jwk];
    let asked = 0;
    const fetch = async () => (asked++, Response.json({ keys }));
    const verifier = new sdk.TokenVerifier({ ...settings, jwks: undefined, jwksUrl: "https://a.example/keys", fetch, clock: () => time });
    const code = (token, kind = "verifyAccessToken", expect) => verifier[kind](token, expect).then(() => "good", (error) => error.code);
    const spoiled = (token) => token.replace(/\.[^.]*$/, `.${"A".repeat(86)}`);
    const [good, late, foreign, at] = [await make(), await make({ exp: now - 3600 }), await make({ aud: "x" }), await make({ jti: "j", client_id: "c", aud: ["api", "c"], azp: "c" }, { typ: "at+jwt" })];
    const [head, , end] = good.split(".");
    for (let times = 0; times < 2; times++) {
      // The claims are read, and what is wrong with them is not told to who cannot sign.
      equal([await code(spoiled(late)), await code(spoiled(foreign)), await code(spoiled(good))], Array(3).fill("signature_invalid"));
      equal([await code(late), await code(foreign), await code(good)], ["expired", "audience_mismatch", "good"]);
      // What cannot be read is told at once, and what becomes of the signature then troubles nobody.
      equal([await code(`${head}.e30=.${end}`), await code(`${head}.e3.${end}`), await code(`${head}..${end}`), await code(`${head}.${b64({})}.AA`)], ["base64_invalid", "base64_invalid", "json_invalid", "signature_invalid"]);
      // A header that is known for one kind of token is judged again for another.
      equal([await code(at), await code(at, "verifyIdToken")], ["good", "type_mismatch"]);
    }
    equal(asked, 1);
    // A header that is known keeps no key that has gone.
    keys = [{ ...jwk, kid: "other" }];
    time += 700_000;
    equal([await code(await make({ exp: now + 3600 })), asked], ["key_unknown", 2]);
    // What is changed after the verifier was made changes nothing.
    const algorithms = ["ES256"];
    const audience = ["api"];
    const fixed = new sdk.TokenVerifier({ ...settings, algorithms, audience });
    algorithms[0] = "RS256";
    audience[0] = "x";
    equal((await fixed.verifyAccessToken(good)).sub, "s");
    equal((await problem(fixed.verifyAccessToken(foreign))).code, "audience_mismatch");
  });

  test("keys: near misses", async ({ sdk }) => {
    const { make, settings } = await maker();
    const verifier = new sdk.TokenVerifier(settings);
    const id = (claims, expect) => make({ aud: "c", ...claims }).then((token) => verifier.verifyIdToken(token, expect)).then(() => "good", ({ code }) => code);
    equal(await id({ nonce: "nonce-1" }, { nonce: "nonce-1" }), "good");
    equal(await id({ nonce: "nonce" }, { nonce: "nonce-1" }), "nonce_mismatch");
    // To `toLowerCase` the sign for kelvin is a k.
    equal([await id({ org_name: "Acme-K" }, { organization: "acme-k" }), await id({ org_name: "acme-\u212a" }, { organization: "acme-k" })], ["good", "organization_mismatch"]);
    equal([await id({ amr: ["pwd", "mfa"] }, { amr: ["mfa", "pwd"] }), await id({ amr: ["mfa"] }, { amr: ["mfa", "hwk"] })], ["good", "amr_mismatch"]);
    const typed = (typ) => make({}, { typ }).then((token) => verifier.verifyAccessToken(token)).then(() => "good", ({ code }) => code);
    equal([await typed("application/JWT"), await typed("APPLICATION/jwt"), await typed("text/jwt"), await typed("applications/jwt")], ["good", "good", "type_mismatch", "type_mismatch"]);
    for (const secret of ["short", "", "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----"]) {
      const { jwks: _, ...others } = settings;
      const error = await problem((async () => new sdk.TokenVerifier({ ...others, algorithms: ["HS256"], secret }).verifyAccessToken(hostile.cases.find((one) => one.secret).mended))());
      equal(error.code, "key_unsuitable", JSON.stringify(secret));
    }
    // A logout token that came before may come again when it has ended: then it has ended.
    let time = Date.now();
    const replayed = new sdk.TokenVerifier({ ...settings, clock: () => time });
    equal([replayed.first("a", time + 5), replayed.first("a", time + 5), ((time += 10), replayed.first("a", time + 5))], [true, false, true]);
  });

  test("keys: what is no key of a set", async ({ sdk }) => {
    const { make, jwk, settings } = await maker();
    const token = await make();
    const { x, y } = jwk;
    const n = vectors.keys.rsa.n;
    const set = (key) => () => new sdk.TokenVerifier({ ...settings, jwks: { keys: [key] } });
    for (const key of [
      null, 7, "k", {}, { ...jwk, kty: "ML-KEM" }, { ...jwk, crv: "P-384" }, { ...jwk, crv: "secp256k1" }, { ...jwk, x: x.slice(4) }, { ...jwk, y: `${y}AAAA` }, { ...jwk, x: 5 }, { ...jwk, kid: 5 }, { ...jwk, key_ops: "verify" },
      { kty: "RSA", n: n.slice(0, 300), e: "AQAB" }, { kty: "RSA", n: n.repeat(9).slice(0, 2732), e: "AQAB" }, { kty: "RSA", n, e: "AQ" }, { kty: "RSA", n, e: "AA" }, { kty: "RSA", n, e: "AQAA" }, { kty: "RSA", n, e: "AQAAAAAAAAAB" }, { kty: "RSA", n: `${n}=`, e: "AQAB" },
      { kty: "OKP", crv: "X25519", x }, { kty: "OKP", crv: "Ed25519", x: x.slice(4) }, { kty: "oct", k: "c2VjcmV0" },
    ]) {
      await fails(Promise.resolve().then(set(key)), { code: "keys_malformed" });
    }
    equal((await set({ ...jwk, use: "sig", key_ops: ["verify"], alg: "ES256", d: "x" })().verifyAccessToken(token)).sub, "s");
    const choice = (keys) => problem(new sdk.TokenVerifier({ ...settings, jwks: { keys } }).verifyAccessToken(token));
    for (const other of [{ ...jwk, use: "enc" }, { ...jwk, key_ops: ["sign"] }, { ...jwk, alg: "ES384" }, { ...vectors.keys.rsa, kid: "k" }]) equal((await choice([other])).code, "key_unsuitable");
    equal(await choice([{ ...jwk, use: "enc" }, jwk]), undefined);
  });

  test("keys: old ones serve while no new ones come, and a clock may jump", async ({ sdk }) => {
    const { make, jwk, now, settings: { jwks: _, ...settings } } = await maker();
    const start = now * 1000;
    let time = start;
    let asked = 0;
    let down = false;
    let issuer = "https://tenant.example.com/";
    const fetch = async (url) => {
      asked++;
      if (down) throw new TypeError("offline");
      return Response.json(String(url).endsWith("openid-configuration") ? { issuer, jwks_uri: "https://tenant.example.com/keys" } : { keys: [jwk] });
    };
    const build = () => new sdk.TokenVerifier({ ...settings, fetch, clock: () => time });
    const verifier = build();
    const token = await make({ iat: now - 1_000_000, exp: now + 1_000_000 });
    const judge = async (at, given = token) => {
      time = start + at * 1000;
      return [(await problem(verifier.verifyAccessToken(given)))?.code ?? "good", asked];
    };
    const unknown = await make({ iat: now - 1_000_000, exp: now + 1_000_000 }, { kid: "other" });
    equal(await judge(0), ["good", 2]);
    equal(await judge(599), ["good", 2]);
    down = true;
    equal(await judge(600), ["good", 3]);
    equal(await judge(629), ["good", 3]);
    equal(await judge(629, unknown), ["keys_unavailable", 3]);
    equal(await judge(630), ["good", 4]);
    equal(await judge(4200), ["keys_unavailable", 5]);
    down = false;
    equal(await judge(4230), ["good", 7]);
    // Set back a little, and then so far that nobody knows how old the keys are.
    equal(await judge(4200), ["good", 7]);
    equal(await judge(100), ["good", 9]);
    issuer = "https://other.example.com/";
    includes((await problem(build().verifyAccessToken(token))).message, "another issuer");
    // Twenty calls at once, all for a key that is new: one fetch.
    issuer = "https://tenant.example.com/";
    asked = 0;
    const slow = new sdk.TokenVerifier({ ...settings, clock: () => time, fetch: async (url) => (await new Promise((resolve) => setTimeout(resolve, 30)), fetch(url)) });
    await Promise.all(Array.from({ length: 20 }, () => slow.verifyAccessToken(token)));
    equal(asked, 2);
  });

  test("keys: a proof with one flaw", async ({ sdk }) => {
    const now = Math.floor(Date.now() / 1000);
    const { make, settings } = await maker({ leeway: 5, clock: () => now * 1000 });
    const guard = new sdk.RequestGuard(new sdk.TokenVerifier(settings));
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
    const jkt = await (await sdk.createDpop({ keyPair: { kty, crv, x, y, d } })).thumbprint();
    const token = await make({ cnf: { jkt } });
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
    const ath = btoa(String.fromCharCode(...hash)).replace(/[+/=]/g, (char) => ({ "+": "-", "/": "_" })[char] ?? "");
    const url = "https://api.example.com/things?x=1";
    let count = 0;
    const prove = async (claims, header, spoil = (bytes) => bytes) => {
      const input = `${b64({ typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y }, ...header })}.${b64({ jti: `id-${count++}`, htm: "GET", htu: "https://api.example.com/things", iat: now, ath, ...claims })}`;
      const bytes = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(input)));
      return `${input}.${btoa(String.fromCharCode(...spoil(bytes))).replace(/[+/=]/g, (char) => ({ "+": "-", "/": "_" })[char] ?? "")}`;
    };
    const judge = async (proof, more) => (await guard.check(new Request(url, { headers: { authorization: `DPoP ${token}`, dpop: proof } }), more)).error?.code ?? "good";
    for (const claims of [{}, { htu: "HTTPS://API.example.com:443/%74hings#f" }, { iat: now - 64 }, { iat: now + 5 }, { jti: "j".repeat(256) }]) equal(await judge(await prove(claims)), "good", JSON.stringify(claims));
    for (const [claims, header, spoil] of [
      [{ jti: undefined }], [{ jti: "" }], [{ jti: 5 }], [{ jti: "j".repeat(257) }], [{ htm: "get" }], [{ htm: undefined }], [{ htu: "https://api.example.com/things/" }], [{ htu: "http://api.example.com/things" }],
      [{ htu: "/things" }], [{ htu: "" }], [{ htu: undefined }], [{ htu: "https://u@api.example.com/things" }], [{ ath: undefined }], [{ ath: ath.slice(0, -1) }], [{ iat: now - 65 }], [{ iat: now + 6 }], [{ iat: String(now) }], [{ iat: undefined }],
      [{}, { typ: "JWT" }], [{}, { typ: undefined }], [{}, { jwk: undefined }], [{}, { jwk: null }], [{}, { jwk: [1] }], [{}, { jwk: { kty, crv, x, y, d } }], [{}, { jwk: { kty, crv, x } }], [{}, { jwk: { kty, crv, x, y, alg: "ES384" } }],
      [{}, { jwk: { kty, crv, x, y, use: "enc" } }], [{}, { alg: "none" }], [{}, { alg: "HS256" }], [{}, { alg: "RS256" }], [{}, { crit: ["x"] }], [{}, {}, (bytes) => bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte))],
    ]) {
      equal(await judge(await prove(claims, header, spoil)), "dpop_proof_invalid", JSON.stringify([claims, header]));
    }
    equal([await judge(await prove({}), { dpopNonce: "n" }), await judge(await prove({ nonce: "n" }), { dpopNonce: "n" }), await judge(await prove({ nonce: "n" }), { dpopNonce: "nn" })], ["use_dpop_nonce", "good", "use_dpop_nonce"]);
    // Nothing that cannot be a nonce is sent back, and a server that always wants another is asked twice.
    const answers = (...nonces) => {
      const sent = [];
      return { sent, fetch: async (request) => (sent.push(part(request.headers.get("dpop"), 1)), new Response("{}", { status: 401, headers: { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": nonces.shift() ?? "last" } })) };
    };
    for (const [nonce, times] of [["a b", 1], ["x".repeat(1025), 1], ["good", 2]]) {
      const server = answers(nonce);
      const dpop = await sdk.createDpop({ fetch: server.fetch });
      equal((await dpop.fetch(url)).status, 401);
      equal([server.sent.length, server.sent[1]?.nonce], [times, times === 2 ? "good" : undefined]);
    }
    for (const lifetime of [1, 300]) await sdk.createClientAssertion({ clientId: "c", audience: issuer, key: vectors.keys.rsa, lifetime })();
    for (const lifetime of [0, 301, NaN]) await fails(Promise.resolve().then(() => sdk.createClientAssertion({ clientId: "c", audience: issuer, key: vectors.keys.rsa, lifetime })), { code: "config" });
  });

  test("keys: what a guard takes, by its settings", async ({ sdk }) => {
    const { make, settings } = await maker();
    const verifier = new sdk.TokenVerifier(settings);
    const judge = async (headers, options, more) => {
      const { response, error } = await new sdk.RequestGuard(verifier, options).check(new Request("https://api.example.com/", { headers }), more);
      return [response?.status ?? 200, error?.code, response?.headers.get("www-authenticate") ?? undefined];
    };
    const good = await make();
    const dpop = await sdk.createDpop();
    const bound = await make({ cnf: { jkt: await dpop.thumbprint() } });
    const both = { authorization: `DPoP ${bound}`, dpop: await dpop.proof("GET", "https://api.example.com/", bound) };
    equal((await judge({ authorization: `Bearer ${good}` }, { dpop: "required" }))[1], "dpop_required");
    equal((await judge({ authorization: `bearer  ${good} ` }, { dpop: "off" }))[0], 200);
    equal(await judge(both, { dpop: "off" }), [401, "token_missing", "Bearer"]);
    equal((await judge(both, { dpop: "required" }))[0], 200);
    const certificate = await make({ cnf: { "x5t#S256": "thumb" } });
    const shown = (more) => judge({ authorization: `Bearer ${certificate}` }, {}, more);
    equal([(await shown({ certificate: "thumb" }))[0], (await shown({ certificate: "thum" }))[1], (await shown())[1]], [200, "certificate_mismatch", "certificate_mismatch"]);
    for (const cnf of [{}, { kid: "x" }, null, 5]) equal((await judge({ authorization: `Bearer ${await make({ cnf })}` }))[1], "confirmation_unsupported", JSON.stringify(cnf));
    // What a message repeats cannot end the header's text.
    const [, , header] = await judge({ authorization: `Bearer ${await make({ iss: 'a", x="y\\ \u20ac' })}` }, { dpop: "off" });
    ok(/^Bearer error="invalid_token", error_description="[^"\\]*"$/.test(header), `a header that can be read, got ${header}`);
    equal((await judge({ authorization: `Bearer ${await make({ scope: "a b", permissions: ["p"] })}` }, { scopes: ["a", "b"], permissions: ["p"] }))[0], 200);
  });
};
