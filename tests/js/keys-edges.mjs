// Keys and tokens at their limits, in every runtime: what is just good enough, and what is just not.
import data from "./keys-data.mjs";

const { hostile, vectors } = data;
const url64 = (base64) => base64.replace(/[+/=]/g, (char) => ({ "+": "-", "/": "_" })[char] ?? "");
const b64 = (value) => url64(btoa(String.fromCharCode(...new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)))));
const bytes64 = (bytes) => url64(btoa(String.fromCharCode(...new Uint8Array(bytes))));
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

export const keysEdges = ({ test, ok, equal, includes }) => {
  const { jwks } = hostile;
  const NOW = 1767225600;
  const code = async (work) => {
    try {
      await (typeof work === "function" ? work() : work);
      return "good";
    } catch (error) {
      return error.code ?? `${error.name}: ${error.message}`;
    }
  };
  const message = async (work) => {
    try {
      await (typeof work === "function" ? work() : work);
    } catch (error) {
      return error.message;
    }
  };

  // A key pair, what signs with it, and a verifier for that.
  const maker = async (sdk, more = {}) => {
    const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const jwk = { kty, crv, x, y, kid: "k" };
    const sign = async (header, payload) => {
      const input = `${b64(header)}.${b64(payload)}`;
      return `${input}.${bytes64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, new TextEncoder().encode(input)))}`;
    };
    const base = { iss: "https://tenant.example.com/", aud: "api", sub: "s", iat: NOW, exp: NOW + 600 };
    const make = (claims, header) => sign({ alg: "ES256", kid: "k", ...header }, typeof claims === "string" ? claims : { ...base, ...claims });
    const settings = { domain: "tenant.example.com", audience: "api", clientId: "c", algorithms: ["ES256"], clock: () => NOW * 1000, jwks: { keys: [jwk] }, ...more };
    const build = (own) => new sdk.TokenVerifier({ ...settings, ...own });
    return { pair, jwk, sign, base, make, settings, build };
  };

  test("keys: every algorithm of the platform signs and verifies", async ({ sdk }) => {
    const lacking = [];
    for (const algorithm of ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]) {
      // Making an RSA key takes long, and one shows what there is to show.
      const given = /^(RS|PS(?!512))/.test(algorithm) ? vectors.keys.rsa : undefined;
      let dpop;
      try {
        dpop = await sdk.createDpop({ algorithm, keyPair: given });
      } catch {
        lacking.push(algorithm);
        continue;
      }
      const { kty, crv, n, e, x, y } = given ?? (await crypto.subtle.exportKey("jwk", dpop.keyPair.publicKey));
      const set = { keys: [JSON.parse(JSON.stringify({ kty, crv, n, e, x, y, kid: "k", alg: algorithm, use: "sig" }))] };
      const assertion = await sdk.createClientAssertion({ clientId: "c", audience: "api", key: dpop.keyPair, algorithm, keyId: "k" })();
      const verifier = new sdk.TokenVerifier({ domain: "a.example", issuer: "c", audience: "api", algorithms: [algorithm], jwks: set });
      equal((await verifier.verifyAccessToken(assertion)).sub, "c", algorithm);
      equal(await code(verifier.verifyAccessToken(assertion.replace(/\.(.)/, (_, char) => `.${char === "e" ? "f" : "e"}`))), "json_invalid");
      // One bit less of the signature, and as long.
      const spoiled = assertion.slice(0, -8) + (assertion.at(-8) === "A" ? "B" : "A") + assertion.slice(-7);
      equal(await code(verifier.verifyAccessToken(spoiled)), "signature_invalid", algorithm);
    }
    // Ed25519 is young in browsers.
    ok(lacking.every((name) => name.startsWith("Ed")), `at most Ed25519 is lacking, got ${lacking}`);
  });

  test("keys: private keys in each form, and what is none", async ({ sdk }) => {
    const assertion = (key, algorithm = "ES256") => code(() => sdk.createClientAssertion({ clientId: "c", audience: "a", key, algorithm })());
    const { pair } = await maker(sdk);
    const pem = (bytes, label = "PRIVATE KEY") => `-----BEGIN ${label}-----\n${btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/(.{64})/g, "$1\n")}\n-----END ${label}-----\n`;
    const der = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
    equal([await assertion(pem(der)), await assertion(pair), await assertion(pair.privateKey), await assertion(vectors.keys.ec)], Array(4).fill("good"));
    equal([await assertion(pem(der, "PUBLIC KEY")), await assertion(pem(der, "EC PRIVATE KEY")), await assertion("no key"), await assertion("-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----")], Array(4).fill("key_malformed"));
    includes(await message(() => sdk.createClientAssertion({ clientId: "c", audience: "a", key: "no key", algorithm: "ES256" })()), "found none");
    equal([await assertion("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), await assertion(pem(der), "RS256")], ["key_unsuitable", "key_unsuitable"]);
    // A CryptoKey is for one algorithm, and for signing.
    const rsa = await crypto.subtle.importKey("jwk", vectors.keys.rsa, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" }, false, ["sign"]);
    const other = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-384" }, false, ["sign", "verify"]);
    equal([await assertion(rsa, "RS384"), await assertion(other, "ES384")], ["good", "good"]);
    equal([await assertion(rsa, "RS256"), await assertion(rsa, "PS384"), await assertion(other), await assertion(pair.publicKey), await assertion({ privateKey: pair.publicKey })], Array(5).fill("key_unsuitable"));
    equal([await assertion(pair, "HS256"), await assertion(pair, "none"), await assertion(pair, "es256")], Array(3).fill("config"));
    const { d, ...shown } = vectors.keys.ec;
    equal([await assertion(shown), await assertion({ ...vectors.keys.ec, x: "AA" }), await assertion({ ...vectors.keys.ec, kty: "XX" })], ["key_unsuitable", "key_malformed", "key_malformed"]);
    equal([await assertion({ ...vectors.keys.ec, use: "enc" }), await assertion({ ...vectors.keys.ec, key_ops: ["verify"] }), await assertion({ ...vectors.keys.ec, key_ops: ["sign"] })], ["key_unsuitable", "key_unsuitable", "good"]);
  });

  test("keys: a platform that lacks an algorithm says so", async ({ sdk }) => {
    const { build, make, settings, jwk } = await maker(sdk);
    const { subtle } = crypto;
    const real = subtle.importKey;
    for (const [name, wanted] of [["NotSupportedError", "algorithm_unsupported"], ["DataError", "key_unsuitable"]]) {
      const token = await make();
      const set = async () => Response.json({ keys: [jwk] });
      const verifier = new sdk.TokenVerifier({ ...settings, jwks: undefined, jwksUrl: "https://a.example/k", fetch: set });
      Object.defineProperty(subtle, "importKey", { configurable: true, writable: true, value: async () => { throw new DOMException("no such thing", name); } });
      let found, guarded;
      try {
        found = await code(verifier.verifyAccessToken(token));
        guarded = await new sdk.RequestGuard(build()).check(new Request("https://a.example/", { headers: { authorization: `Bearer ${token}` } }));
      } finally {
        delete subtle.importKey;
      }
      if (subtle.importKey !== real) throw new Error("the platform is not as it was");
      equal(found, wanted);
      // It is not the caller's fault when the server cannot verify.
      equal(guarded.response.status, wanted === "algorithm_unsupported" ? 503 : 401);
      // Nothing is spoilt by it: the next one is verified.
      equal(await code(verifier.verifyAccessToken(token)), "good");
    }
  });

  test("keys: a signature that was good is not verified again, and all else is", async ({ sdk }) => {
    let time = NOW * 1000;
    let served;
    const { make, jwk, build } = await maker(sdk, { clock: () => time, jwks: undefined, jwksUrl: "https://a.example/k", fetch: async () => Response.json({ keys: [served] }) });
    served = jwk;
    const verifier = build();
    const { subtle } = crypto;
    const real = subtle.verify;
    let verified = 0;
    const count = () => [verified, (verified = 0)][0];
    Object.defineProperty(subtle, "verify", { configurable: true, writable: true, value: (...given) => (verified++, real.apply(subtle, given)) });
    try {
      const check = (token, scope = "a") => code(verifier.verifyAccessToken(token, { scopes: [scope] }));
      const token = await make({ scope: "a b", own: { a: [1] } });
      // The second time it is known to come again.
      equal([await check(token), await check(token), count()], ["good", "good", 2]);
      equal([await check(token), await check(token, "c"), await check(token, "b"), count()], ["good", "insufficient_scope", "good", 0]);
      // What one caller does to the claims, no other sees.
      const claims = await verifier.verifyAccessToken(token);
      claims.own.a.push(2);
      claims.scope = "c";
      equal((await verifier.verifyAccessToken(token)).own, { a: [1] });
      equal([await check(token, "c"), count()], ["insufficient_scope", 0]);
      // As another kind it is what it was, and another verifier has to see for itself.
      equal(await code(verifier.verifyIdToken(token)), "audience_mismatch");
      equal([await code(build().verifyAccessToken(token)), await code(build({ audience: "other" }).verifyAccessToken(token))], ["good", "audience_mismatch"]);
      count();
      // Another text with the same end: what is signed, or the signature, is another.
      const [signed, made] = [token.slice(0, token.lastIndexOf(".")), token.slice(token.lastIndexOf(".") + 1)];
      const other = await make({ scope: "a", exp: NOW + 500 });
      for (const spoiled of [`${other.slice(0, other.lastIndexOf("."))}.${made}`, `${signed}.${made[0] === "A" ? "B" : "A"}${made.slice(1)}`]) {
        for (let round = 0; round < 3; round++) equal([await check(spoiled), count()], ["signature_invalid", 1]);
      }
      equal([await check(token), count()], ["good", 0]);
      // What is refused is not kept; nor are tokens that come once.
      const narrow = await make({ scope: "b", exp: NOW + 9000 });
      for (let round = 0; round < 3; round++) equal([await check(narrow), count()], ["insufficient_scope", 1]);
      const identity = await make({ aud: "c" });
      for (let round = 0; round < 3; round++) equal([await code(verifier.verifyIdToken(identity)), count()], ["good", 1]);
      // A thousand are kept, then none.
      const many = await Promise.all(Array.from({ length: 999 }, (_, at) => make({ scope: "a", jti: String(at) })));
      for (const one of many) equal(await check(one), "good");
      equal([count(), await check(token), count()], [999, "good", 0]);
      equal([await check(narrow, "b"), await check(token), count()], ["good", "good", 2]);
      for (let round = 0; round < 4; round++) equal(await check(narrow, "b"), "good");
      equal([await check(token), count()], ["good", 3]);
      // The same key comes again and serves; another of the same name does not. Time goes on.
      time += 659_000;
      equal([await check(token), count()], ["good", 0]);
      time += 1_000;
      equal([await check(token), await check(narrow, "b")], ["expired", "good"]);
      count();
      served = (await maker(sdk)).jwk;
      time += 700_000;
      equal([await check(narrow, "b"), count()], ["signature_invalid", 1]);
    } finally {
      delete subtle.verify;
    }
    if (subtle.verify !== real) throw new Error("the platform is not as it was");
  });

  // By Buffer or by hand, as the runtime has it.
  test("keys: base64url in its one form", async ({ sdk }) => {
    const { build, sign, base } = await maker(sdk);
    const verifier = build();
    const tokens = [];
    for (let pad = 0; pad < 9; pad++) tokens.push(await sign({ alg: "ES256", kid: "k" }, JSON.stringify({ ...base, pad: "~\u00ff?".repeat(9) + "x".repeat(pad) })));
    const wrong = [];
    const expect = async (token, wanted) => (await code(verifier.verifyAccessToken(token))) === wanted || wrong.push([token, wanted]);
    for (const token of tokens) {
      const [head, body, end] = token.split(".");
      await expect(token, "good");
      for (const bad of ["=", "A", " ", "\n", "\u00e9", "\u0141", "{", "`", "@", "/", "+", "."]) if (bad !== "A" || body.length % 4 === 0) await expect(`${head}.${body.slice(0, 8)}${bad}${bad === "A" ? body.slice(8) : body.slice(9)}.${end}`, bad === "." ? "token_malformed" : "base64_invalid");
      // Bits behind the last byte: one text for the same bytes only.
      const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const free = { 0: 1, 2: 16, 3: 4 }[body.length % 4];
      for (let by = 1; by < free; by++) await expect(`${head}.${body.slice(0, -1)}${letters[letters.indexOf(body.at(-1)) + by]}.${end}`, "base64_invalid");
      await expect(`${head}.${body}.${end.slice(0, -1)}${letters[letters.indexOf(end.at(-1)) + 1]}`, "base64_invalid");
    }
    equal(wrong, []);
  });

  test("keys: tokens at their limits", async ({ sdk }) => {
    const { build, make, sign, base } = await maker(sdk);
    const verifier = build();
    const judge = (token, kind = "verifyAccessToken", expect) => code(verifier[kind](token, expect));
    // 16 KiB, and one more.
    for (const [length, wanted] of [[16384, "good"], [16385, "token_too_large"]]) {
      let token = "";
      for (let pad = 0; token.length !== length && pad < 9; pad++) {
        const head = { alg: "ES256", kid: "k", pad: "x".repeat(pad) };
        const rest = length - 88 - b64(head).length;
        const payload = JSON.stringify({ ...base, pad: "" });
        token = await sign(head, payload.replace(/"}$/, `${"y".repeat(Math.floor((rest * 3) / 4) - payload.length)}"}`));
      }
      equal([token.length, await judge(token)], [length, wanted]);
    }
    // 32 levels, the claims themselves being the first.
    const nested = (depth) => make(JSON.stringify({ ...base, deep: 0 }).replace('"deep":0', `"deep":${"[".repeat(depth)}${"]".repeat(depth)}`));
    equal([await judge(await nested(31)), await judge(await nested(32))], ["good", "json_invalid"]);
    // A time is written in plain digits. What is no time may be written as one likes, and so may what lies deeper.
    const written = (name, text, more = "") => make(JSON.stringify({ ...base, [name]: 0 }).replace(`"${name}":0`, `"${name}":${text}${more}`));
    for (const text of [`${NOW}.0`, `${NOW / 100}e2`, `${NOW / 100}E+2`, "-0", `-${NOW}`]) equal(await judge(await written("iat", text)), "claim_invalid", text);
    for (const text of ["1.0", "1e3", "-0", "true", "null", "[1.5,-1,1e2]", '{"iat":1.0}', '"1.0"']) equal(await judge(await written("own", text)), "good", text);
    equal(await judge(await written("own", "1.0", ',"more":{"exp":1e3},"list":[1e3]')), "good");
    equal([await judge(await written("own", '1,"own":1.5')), await judge(await written("own", '{"a":1,"a":2}')), await judge(await written("own", '[{"a":1},{"a":2}]'))], ["member_duplicate", "member_duplicate", "good"]);
    includes(await message(verifier.verifyAccessToken(await written("own", '1,"own":1'))), "a member twice");
    // A name is what its escapes say, and a colon in a text is none.
    equal([await judge(await written("own", '{"a":1,"\\u0061":2}')), await judge(await written("own", '{"a\\"":1,"a":2,"a:":":","\\"a\\":":1}'))], ["member_duplicate", "good"]);
    equal([await judge(await written("own", '"\\ud83d\\ude00"')), await judge(await written("own", '"\\ud83d \\ude00"')), await judge(await written("own", '"\\ude00\\ud83d"')), await judge(await written("own", '"\\\\ud800"')), await judge(await written("own", '"\\\\\\ud800"')), await judge(await written("own", '"\\uD83D\\uDE00"'))], ["good", "json_invalid", "json_invalid", "good", "json_invalid", "good"]);
    // What is JSON and no object is no token, whatever else it is.
    equal([await judge(await make("[]")), await judge(await make("null")), await judge(await make('"x"')), await judge(await make("[1.5]"))], Array(4).fill("json_invalid"));
    equal([await judge(await make({}, { typ: "at+application/jwt" })), await judge(await make({}, { typ: "application/application/jwt" }))], ["type_mismatch", "type_mismatch"]);
    // Any of several audiences will do.
    const several = build({ audience: ["other", "api"] });
    equal([await code(several.verifyAccessToken(await make())), await code(several.verifyAccessToken(await make({ aud: "third" })))], ["good", "audience_mismatch"]);
    // Hashes are of ID tokens.
    equal(await judge(await make({ at_hash: "x", c_hash: "x" }), "verifyAccessToken", { accessToken: "t", code: "c" }), "good");
    const id = (claims, expect) => make({ aud: "c", ...claims }).then((token) => judge(token, "verifyIdToken", expect));
    equal([await id({ auth_time: NOW + 60 }, { maxAge: 0 }), await id({ auth_time: NOW + 61 }, { maxAge: 0 }), await id({ auth_time: NOW - 60 }, { maxAge: 0 }), await id({ auth_time: NOW - 61 }, { maxAge: 0 })], ["good", "auth_time_in_future", "good", "auth_too_old"]);
    includes(await message(verifier.verifyIdToken(await make({ aud: "c", auth_time: NOW - 200 }), { maxAge: 100 })), "200 s ago, and at most 100 s");
    equal([await id({ at_hash: "x" }, { accessToken: "t" }), await id({}, { code: "c" }), await id({ c_hash: 5 }, { code: "c" }), await id({ at_hash: "" }, { accessToken: "t" })], ["at_hash_mismatch", "claim_missing", "claim_invalid", "claim_invalid"]);
    const logout = (claims) => make({ aud: "c", jti: crypto.randomUUID(), events: { [EVENT]: {} }, ...claims }).then((token) => judge(token, "verifyLogoutToken"));
    equal([await logout({ sid: "1" }), await logout({ sub: undefined, sid: "1" }), await logout({ sub: undefined }), await logout({ events: null }), await logout({ events: [] })], ["good", "good", "claim_missing", "claim_invalid", "claim_invalid"]);
  });

  test("keys: what a verifier may be given", async ({ sdk }) => {
    const { make, build, settings, jwk } = await maker(sdk);
    const token = await make();
    for (const wrong of [
      { domain: "" }, { domain: undefined }, { domain: 5 }, { domain: "https://a.example/path" }, { domain: "a.example?x" }, { domain: "ftp://a.example" }, { domain: "http://a.example" }, { audience: "" }, { audience: ["api", 5] }, { audience: "api", clientId: "" },
      { issuer: "" }, { leeway: -1 }, { leeway: NaN }, { keysTtl: -1 }, { algorithms: "ES256" }, { algorithms: ["ES256", "HS256"] }, { jwksUrl: "https://a.example/k" },
    ]) equal(await code(() => build(wrong)), "config", JSON.stringify(wrong));
    for (const [jwksUrl, wanted] of [
      ["https://a.example/k?x=1", "good"], ["http://localhost/k", "good"], ["http://a.localhost:80/k", "good"], ["http://127.0.0.1:3000/k", "good"], ["http://[::1]/k", "good"],
      ["http://128.0.0.1/k", "config"], ["http://localhost.evil.example/k", "config"], ["http://evillocalhost/k", "config"], ["ftp://localhost/k", "config"], ["http://x127.0.0.1/k", "config"], ["http://127.0.0.1.evil.example/k", "config"],
      ["https://u@a.example/k", "config"], ["https://:p@a.example/k", "config"], ["https://a.example/k#x", "config"], ["a.example/k", "config"],
    ]) equal(await code(() => build({ jwks: undefined, jwksUrl })), wanted, jwksUrl);
    equal([await code(build({ leeway: 0, jwks: JSON.stringify({ keys: [jwk] }) }).verifyAccessToken(token)), await code(build({ keysTtl: 0, keysStale: 0, keysCooldown: 0 }).verifyAccessToken(token))], ["good", "good"]);
    // A verifier judges the kinds of tokens that it was made for.
    equal([await code(build({ audience: undefined }).verifyAccessToken(token)), await code(build({ clientId: undefined }).verifyIdToken(token)), await code(build({ clientId: undefined }).verifyLogoutToken(token))], Array(3).fill("config"));
    equal([await code(sdk.createPkce("a".repeat(43))), await code(sdk.createPkce("a".repeat(42))), await code(sdk.createPkce("a".repeat(128))), await code(sdk.createPkce("a".repeat(129)))], ["good", "config", "good", "config"]);
    const unbound = JSON.parse(atob((await (await sdk.createDpop()).proof("GET", "https://a.example/")).split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    equal([unbound.ath, unbound.htu], [undefined, "https://a.example/"]);
    // A secret as long as the digest is long enough.
    const hmac = async (secret) => {
      const input = `${b64({ alg: "HS256" })}.${b64({ iss: "https://tenant.example.com/", aud: "api", sub: "s", iat: NOW, exp: NOW + 600 })}`;
      const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
      const verifier = new sdk.TokenVerifier({ ...settings, jwks: undefined, algorithms: ["HS256"], secret });
      return code(verifier.verifyAccessToken(`${input}.${bytes64(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(input)))}`));
    };
    equal([await hmac("x".repeat(32)), await hmac("x".repeat(31))], ["good", "key_unsuitable"]);
    // RSA keys: 2048 to 16384 bits, and an odd exponent from 3 to 64 bits.
    const rsa = (n, e = "AQAB") => code(() => build({ jwks: { keys: [{ kty: "RSA", n: bytes64(n), e }] } }));
    const modulus = (length, top) => Uint8Array.from({ length }, (_, at) => (at ? 255 : top));
    equal([await rsa(modulus(256, 128)), await rsa(modulus(256, 127)), await rsa(modulus(2048, 255)), await rsa(modulus(2049, 1))], ["good", "keys_malformed", "good", "keys_malformed"]);
    const exponent = (...bytes) => rsa(modulus(256, 255), bytes64(bytes));
    equal([await exponent(3), await exponent(1), await exponent(2), await exponent(1, 0), await exponent(...Array(8).fill(255)), await exponent(1, ...Array(7).fill(0), 1), await exponent()], ["good", "keys_malformed", "keys_malformed", "keys_malformed", "good", "keys_malformed", "keys_malformed"]);
    // Sets: 100 keys, and one more; none at all.
    const set = (keys) => build({ jwks: keys });
    equal([await code(() => set({ keys: Array(100).fill(jwk) })), await code(() => set({ keys: Array(101).fill(jwk) }))], ["good", "keys_malformed"]);
    // A text may have half a surrogate pair as it is, and not as an escape.
    const noted = (note) => code(() => set(JSON.stringify({ keys: [jwk], note: "NOTE" }).replace("NOTE", note)));
    equal([await noted("\ud83d\ude00"), await noted("\ud83d"), await noted("\ude00"), await noted("\\ud83d")], ["good", "keys_malformed", "keys_malformed", "keys_malformed"]);
    includes(await message(() => set({ keys: {} })), "no array");
    includes(await message(() => set("<p>")), "HTML");
    includes(await message(() => set("x <p>")), "no JSON");
    for (const wrong of [{ use: "enc" }, { alg: "ES384" }, { alg: "none" }, { key_ops: ["sign"] }, { use: 5 }, { kid: 5 }, { key_ops: "verify" }, { key_ops: ["verify", 5] }]) ok((await code(() => set({ keys: [{ ...jwk, ...wrong }] }).verifyAccessToken(token))).startsWith("key"), JSON.stringify(wrong));
    equal(await code(set({ keys: [{ ...jwk, use: "sig", alg: "ES256", key_ops: ["verify"], d: 5, x5c: 7 }] }).verifyAccessToken(token)), "good");
    // Without an id in the token there must be no choice.
    const nameless = await make({}, { kid: undefined });
    equal([await code(set({ keys: [jwk] }).verifyAccessToken(nameless)), await code(set({ keys: [jwk, { ...jwk, kid: "l" }] }).verifyAccessToken(nameless)), await code(set({ keys: [jwk, { ...jwk, kid: "l", use: "enc" }] }).verifyAccessToken(nameless)), await code(set({ keys: jwks.keys.filter(({ kid }) => kid === "ed") }).verifyAccessToken(nameless))], ["good", "key_id_missing", "good", "key_unknown"]);
  });

  test("keys: when keys are fetched, to the millisecond", async ({ sdk }) => {
    let time = NOW * 1000;
    let asked = 0;
    const { jwk, make, settings } = await maker(sdk);
    const token = await make({ exp: NOW + 90000 });
    let answer = () => Response.json({ keys: [jwk] });
    const build = (more) => new sdk.TokenVerifier({ ...settings, jwks: undefined, jwksUrl: "https://a.example/k", clock: () => time, fetch: async () => (asked++, answer()), ...more });
    const judge = async (verifier, text = token) => [await code(verifier.verifyAccessToken(text)), asked];
    const unknown = await make({}, { kid: "other" });
    // After a first fetch that failed: 3 s. A clock that is set back by more than a minute is no reason to wait for it.
    answer = () => Promise.reject("broken");
    let verifier = build();
    includes(await message(verifier.verifyAccessToken(token)), "broken");
    time += 2999;
    equal(await judge(verifier), ["keys_unavailable", 1]);
    answer = () => Response.json({ keys: [jwk] });
    time += 1;
    equal(await judge(verifier), ["good", 2]);
    time -= 60000;
    equal(await judge(verifier), ["good", 2]);
    time -= 1;
    equal(await judge(verifier), ["good", 3]);
    // A clock that leaps a year ahead, and comes back: both times a new set is asked for, and verifying goes on.
    time += 31_536_000_000;
    equal(await judge(verifier, await make({ iat: time / 1000 | 0, exp: (time / 1000 | 0) + 60 })), ["good", 4]);
    time = NOW * 1000;
    equal(await judge(verifier), ["good", 5]);
    // The time to live, then the time that an old set serves.
    time += 599_999;
    equal(await judge(verifier), ["good", 5]);
    answer = () => new Response("", { status: 500 });
    time += 1;
    equal(await judge(verifier), ["good", 6]);
    time += 29_999;
    equal(await judge(verifier), ["good", 6]);
    time += 1;
    equal(await judge(verifier), ["good", 7]);
    time = (NOW + 4200) * 1000 - 1;
    equal((await judge(verifier))[0], "good");
    time += 30_000;
    equal((await judge(verifier))[0], "keys_unavailable");
    // A key that is there and is not for this is no reason to fetch, an unknown one is, once in 30 s.
    answer = () => Response.json({ keys: [{ ...jwk, kid: "enc", use: "enc" }, jwk] });
    verifier = build();
    equal((await judge(verifier))[0], "good");
    asked = 0;
    time += 30_000;
    equal(await judge(verifier, await make({}, { kid: "enc" })), ["key_unsuitable", 0]);
    equal([await judge(verifier, unknown), await judge(verifier, unknown)], [["key_unknown", 1], ["key_unknown", 1]]);
    time += 29_999;
    equal(await judge(verifier, unknown), ["key_unknown", 1]);
    time += 1;
    equal(await judge(verifier, unknown), ["key_unknown", 2]);
    // Many wait for one, when it fails too.
    asked = 0;
    answer = () => new Response("", { status: 500 });
    verifier = build();
    equal(new Set(await Promise.all(Array.from({ length: 20 }, () => code(verifier.verifyAccessToken(token))))), new Set(["keys_unavailable"]));
    equal(asked, 1);
    // 256 KiB, and one more; and a letter that comes in two pieces.
    const padded = (length) => JSON.stringify({ keys: [jwk] }).padEnd(length);
    for (const [length, wanted] of [[262144, "good"], [262145, "keys_unavailable"]]) {
      answer = () => new Response(padded(length));
      equal(await code(build().verifyAccessToken(token)), wanted, `${length}`);
    }
    const pieces = new TextEncoder().encode(JSON.stringify({ note: "\u00e4", keys: [jwk] }));
    answer = () => new Response(new ReadableStream({ start: (controller) => { for (const byte of pieces) controller.enqueue(new Uint8Array([byte])); controller.close(); } }));
    equal(await code(build().verifyAccessToken(token)), "good");
    answer = () => new Response(new Uint8Array([...pieces, 0xff]));
    equal(await code(build().verifyAccessToken(token)), "keys_unavailable");
    answer = () => new Response(JSON.stringify({ keys: [jwk] }).replace("{", '{"keys":[],'));
    equal(await code(build().verifyAccessToken(token)), "keys_unavailable");
    // A set in the store is asked for once. It serves as one that was fetched then does: as long as it lives, and when no other can be had.
    let looked = 0;
    const kept = { token: JSON.stringify({ keys: [jwk] }), expiresAt: time + 3_600_001 };
    const store = { get: async () => (looked++, kept), put: async () => {} };
    asked = 0;
    answer = () => Response.json({ keys: [{ ...jwk, kid: "new" }] });
    equal(await judge(build({ store, keysInStore: true })), ["good", 0]);
    kept.expiresAt = time + 3_600_000;
    verifier = build({ store, keysInStore: true });
    equal([await judge(verifier), looked], [["key_unknown", 1], 2]);
    time += 30_000;
    equal([await judge(verifier), looked], [["key_unknown", 2], 2]);
    answer = () => new Response("", { status: 500 });
    kept.expiresAt = time + 1;
    equal(await judge(build({ store, keysInStore: true })), ["good", 3]);
    kept.expiresAt = time;
    equal(await judge(build({ store, keysInStore: true })), ["keys_unavailable", 4]);
  });

  test("keys: what came before is remembered until it ends", async ({ sdk }) => {
    let time = NOW * 1000;
    const { make, build } = await maker(sdk, { clock: () => time });
    const verifier = build();
    equal([verifier.first("a", time + 1), verifier.first("a", time + 5), verifier.first("b", time)], [true, false, true]);
    equal(verifier.first("b", time + 1), true);
    time += 5;
    equal(verifier.first("a", time + 1), true);
    // 10,000 of them. Those that have ended go before those that have not.
    for (let at = 0; at < 9_998; at++) verifier.first(`n${at}`, time + 1000);
    equal([verifier.first("n0", time + 1000), verifier.first("a", time + 1000)], [false, false]);
    time += 1;
    equal([verifier.first("one more", time + 1000), verifier.first("n1", time + 1000)], [true, false]);
    for (let at = 0; at < 10_000; at++) verifier.first(`m${at}`, time + 2000);
    equal([verifier.first("m0", time + 2000), verifier.first("m9999", time + 2000), verifier.first("n2", time + 2000)], [false, false, true]);
    // Another process has seen a logout token when the store says so, and says until when.
    const token = await make({ aud: "c", jti: "j", events: { [EVENT]: {} }, sid: "1" });
    for (const [by, wanted] of [[1, "token_replayed"], [0, "good"]]) {
      const put = [];
      const store = { get: async () => ({ token: "seen", expiresAt: time + by }), put: async (...all) => void put.push(all) };
      equal(await code(build({ store }).verifyLogoutToken(token)), wanted);
      equal(put, by ? [] : [["logout:https://tenant.example.com/:j", { token: "seen", expiresAt: (NOW + 660) * 1000 }]]);
    }
  });

  test("keys: what a guard answers, to the letter", async ({ sdk }) => {
    const { make, build } = await maker(sdk);
    const verifier = build();
    const algs = 'algs="ES256 ES384 ES512 EdDSA RS256 RS384 RS512 PS256 PS384 PS512"';
    const ask = async (headers, options, more) => {
      const { response, error } = await new sdk.RequestGuard(verifier, options).check(new Request("https://api.example.com/", { headers }), more);
      return [response.status, error.code, response.headers.get("www-authenticate"), response.headers.get("dpop-nonce"), response.headers.get("cache-control")];
    };
    const late = await make({ exp: NOW - 61 });
    const said = `error="invalid_token", error_description="the token has expired: its exp is ${NOW - 61}, and now is ${NOW}"`;
    // Each scheme that is taken is offered; the error stands with the one that was tried, which comes first.
    equal(await ask({ authorization: `Bearer ${late}` }, {}, { dpopNonce: "n" }), [401, "expired", `Bearer ${said}, DPoP ${algs}`, null, "no-store"]);
    equal(await ask({ authorization: `DPoP ${late}`, dpop: "x" }, { realm: "r" }), [401, "expired", `DPoP realm="r", ${said}, ${algs}, Bearer realm="r"`, null, "no-store"]);
    equal(await ask({ authorization: `Bearer ${late}` }, { dpop: "off" }), [401, "expired", `Bearer ${said}`, null, "no-store"]);
    equal(await ask({ authorization: `DPoP ${late}`, dpop: "x" }, { dpop: "required" }), [401, "expired", `DPoP ${said}, ${algs}`, null, "no-store"]);
    equal(await ask({ authorization: `Bearer ${late}` }, { dpop: "required" }), [401, "dpop_required", `DPoP error="invalid_token", error_description="DPoP is required", ${algs}`, null, "no-store"]);
    equal(await ask({ authorization: `DPoP ${late}` }, { dpop: "required" }), [401, "dpop_proof_invalid", `DPoP error="invalid_dpop_proof", error_description="the request has no header DPoP", ${algs}`, null, "no-store"]);
    equal(await ask({}, { dpop: "required", scopes: ["a"] }), [401, "token_missing", `DPoP ${algs}`, null, "no-store"]);
    equal(await ask({ authorization: `Bearer ${await make({ permissions: ["p"] })}` }, { scopes: ["a", "b"], dpop: "off" }), [403, "insufficient_scope", 'Bearer error="insufficient_scope", error_description="the token lacks the scope a", scope="a b"', null, "no-store"]);
    equal((await ask({ authorization: `Bearer ${await make({ scope: "a b" })}` }, { scopes: ["a"], permissions: ["p"] }))[1], "insufficient_permissions");
    for (const scheme of ["XBearer", "Bearerx", "XDPoP", "DPoPx", "Basic", ""]) equal((await ask({ authorization: `${scheme} ${late}` }))[1], "token_missing", scheme);
    for (const [own, options] of [[{}, {}], [undefined, {}], [verifier, { dpop: "maybe" }]]) equal(await code(() => new sdk.RequestGuard(own, options)), "config");
    const dpop = await sdk.createDpop();
    const bound = await make({ cnf: { jkt: await dpop.thumbprint() } });
    // Proofs are made by the real clock, which is not that of the verifier.
    const iat = Math.floor(Date.now() / 1000);
    const own = build({ clock: () => iat * 1000, leeway: 1e9 });
    const { response } = await new sdk.RequestGuard(own).check(new Request("https://api.example.com/", { headers: { authorization: `DPoP ${bound}`, dpop: await dpop.proof("GET", "https://api.example.com/", bound) } }), { dpopNonce: "n-1" });
    equal([response.status, response.headers.get("dpop-nonce"), response.headers.get("www-authenticate").startsWith('DPoP error="use_dpop_nonce"')], [401, "n-1", true]);
  });

  test("keys: a server that wants a nonce is asked once more, and no other", async ({ sdk }) => {
    const asks = async (status, body, headers, method = "POST") => {
      let asked = 0;
      const fetch = async () => (asked++, new Response(new ReadableStream({ start: (controller) => (controller.enqueue(new TextEncoder().encode(body)), controller.close()) }), { status, headers }));
      const dpop = await sdk.createDpop({ fetch });
      const response = await dpop.fetch("https://a.example/token", { method, body: method === "POST" ? "x=1" : undefined });
      // The answer that is given can be read.
      equal([response.status, await response.text()], [status, body]);
      return asked;
    };
    const nonce = { "dpop-nonce": "n" };
    const wants = { ...nonce, "www-authenticate": 'DPoP error="use_dpop_nonce"' };
    equal([await asks(400, '{"error":"use_dpop_nonce"}', nonce), await asks(400, '{"error":"invalid_grant"}', nonce), await asks(400, "<p>", nonce), await asks(400, "null", nonce)], [2, 1, 1, 1]);
    equal([await asks(401, "", wants), await asks(401, '{"error":"use_dpop_nonce"}', nonce), await asks(403, '{"error":"use_dpop_nonce"}', wants), await asks(200, '{"error":"use_dpop_nonce"}', wants, "GET")], [2, 1, 1, 1]);
    // Without a nonce there is nothing to ask again with.
    equal(await asks(400, '{"error":"use_dpop_nonce"}', {}), 1);
  });
};
