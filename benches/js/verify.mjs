// What verifying a token costs in JavaScript when the keys are there, over the bare `crypto.subtle.verify` of the same signature with
// a key and bytes that are ready, and beside jose: one at a time and 50 in flight, RS256 and ES256. Tokens that nobody has seen, and one that
// comes again and again, as that of a user does with each request.
//
//   node verify.mjs '{"sdk":"target/npm/package/verify.js","rounds":101,"calls":50}'
//
// All run in one process and in turn; the order changes from round to round. The ratio is the median of the ratios within a round.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as jose from "jose";

const { sdk, rounds, calls } = JSON.parse(process.argv[2]);
const { TokenVerifier } = await import(pathToFileURL(sdk).href);
const { keys } = JSON.parse(readFileSync(new URL("../../tests/cases/keys/vectors.json", import.meta.url), "utf8"));
const { subtle } = globalThis.crypto;
const [issuer, audience, kid] = ["https://tenant.us.auth0.com/", "https://api.example.com/", "NjVBRjY5MDlCMUIwNzU4RTA2QzZFMDQ4"];

// More than a verifier remembers, so that none of them comes again before it is forgotten.
const TOKENS = 2500;
const BARE = "crypto.subtle.verify";
const AGAIN = "auth0-sdk, the same token again";

const contendersFor = async (alg, { kty, crv, n, e, x, y, ...secret }) => {
  const params = alg === "RS256" ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } : { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const shown = JSON.parse(JSON.stringify({ kty, crv, n, e, x, y }));
  const now = Math.floor(Date.now() / 1000);
  const signing = await jose.importJWK({ ...shown, ...secret }, alg);
  const sign = (jti) => new jose.SignJWT({
    jti, iss: issuer, sub: "auth0|65a0c3e2b1d4f7a8c9e0f1a2", aud: [audience, `${issuer}userinfo`], iat: now, exp: now + 86400,
    azp: "h0c2KqvYkmRkWbQCzYbWqV8QmC8dKzXG", org_id: "org_9ybsU1dN2dKfDkBi",
    scope: "openid profile email read:things write:things offline_access", permissions: ["read:things", "write:things"],
  }).setProtectedHeader({ alg, typ: "JWT", kid }).sign(signing);
  const tokens = [];
  for (let number = 0; number < TOKENS; number++) tokens.push(Buffer.from(await sign(String(number).padStart(4, "0"))));
  const jwks = { keys: [{ ...shown, kid, alg, use: "sig" }] };
  // What the bare call is given, by token.
  const ready = new Map(tokens.map((bytes) => {
    const token = bytes.toString();
    const end = token.lastIndexOf(".");
    return [token, [Buffer.from(token.slice(end + 1), "base64url"), Buffer.from(token.slice(0, end))]];
  }));
  const key = await subtle.importKey("jwk", shown, params, false, ["verify"]);
  const verifier = new TokenVerifier({ domain: "tenant.us.auth0.com", audience, algorithms: [alg], jwks });
  const set = jose.createLocalJWKSet(jwks);
  const contenders = {
    [BARE]: ([signature, signed]) => subtle.verify(params, key, signature, signed),
    "auth0-sdk": (text) => verifier.verifyAccessToken(text, { scopes: ["read:things"] }),
    [AGAIN]: (text) => verifier.verifyAccessToken(text, { scopes: ["read:things"] }),
    // What no verifier can do without.
    "decoding, JSON.parse and the call": async (text) => {
      const [head, payload, signature] = text.split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString());
      return (await subtle.verify(params, key, Buffer.from(signature, "base64url"), Buffer.from(text.slice(0, head.length + payload.length + 1)))) && claims;
    },
    jose: (text) => jose.jwtVerify(text, set, { issuer, audience, algorithms: [alg] }),
  };
  return { tokens, ready, contenders };
};

let next = 0;
const timed = async (name, call, { tokens, ready }, inFlight, count) => {
  // A text as a request has it: of its own each time, and flat. The bare call has the same tokens.
  const texts = Array.from({ length: count }, () => tokens[name === AGAIN ? 0 : (next = (next % (TOKENS - 1)) + 1)].toString("latin1"));
  const given = name === BARE ? texts.map((text) => ready.get(text)) : texts;
  const begun = process.hrtime.bigint();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let made = 0; made < count / inFlight; made++) if (!(await call(given.pop()))) throw new Error("a good token was refused");
    }),
  );
  return Number(process.hrtime.bigint() - begun) / 1000 / count;
};

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const results = [];
for (const [alg, name] of [["RS256", "rsa"], ["ES256", "ec"]]) {
  const { contenders, ...material } = await contendersFor(alg, keys[name]);
  const names = Object.keys(contenders);
  for (const inFlight of [1, 50]) {
    for (const one of names) await timed(one, contenders[one], material, inFlight, 3000);
    const taken = Object.fromEntries(names.map((one) => [one, []]));
    for (let round = 0; round < rounds; round++) {
      for (let index = 0; index < names.length; index++) {
        const one = names[(index + round) % names.length];
        taken[one].push(await timed(one, contenders[one], material, inFlight, calls));
      }
    }
    const base = [...taken[names[0]]];
    for (const one of names) {
      const ratio = median(taken[one].map((time, round) => time / base[round]));
      results.push({ name: one, alg, inFlight, us: Math.round(median(taken[one]) * 10) / 10, ratio: Math.round(ratio * 1000) / 1000 });
    }
  }
}
console.log(JSON.stringify({ node: process.version, results }));
