// What verifying a token costs in JavaScript when the keys are there, over the bare `crypto.subtle.verify` of the same signature with
// a key and bytes that are ready, and beside jose: one at a time and 50 in flight, RS256 and ES256.
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

const contendersFor = async (alg, { kty, crv, n, e, x, y, ...secret }) => {
  const params = alg === "RS256" ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } : { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const shown = JSON.parse(JSON.stringify({ kty, crv, n, e, x, y }));
  const now = Math.floor(Date.now() / 1000);
  const token = await new jose.SignJWT({
    iss: issuer, sub: "auth0|65a0c3e2b1d4f7a8c9e0f1a2", aud: [audience, `${issuer}userinfo`], iat: now, exp: now + 86400,
    azp: "h0c2KqvYkmRkWbQCzYbWqV8QmC8dKzXG", org_id: "org_9ybsU1dN2dKfDkBi",
    scope: "openid profile email read:things write:things offline_access", permissions: ["read:things", "write:things"],
  }).setProtectedHeader({ alg, typ: "JWT", kid }).sign(await jose.importJWK({ ...shown, ...secret }, alg));
  const jwks = { keys: [{ ...shown, kid, alg, use: "sig" }] };
  const [signed, signature] = [Buffer.from(token.slice(0, token.lastIndexOf("."))), Buffer.from(token.slice(token.lastIndexOf(".") + 1), "base64url")];
  const key = await subtle.importKey("jwk", shown, params, false, ["verify"]);
  const verifier = new TokenVerifier({ domain: "tenant.us.auth0.com", audience, algorithms: [alg], jwks });
  const set = jose.createLocalJWKSet(jwks);
  const contenders = {
    "crypto.subtle.verify": () => subtle.verify(params, key, signature, signed),
    "auth0-sdk": (text) => verifier.verifyAccessToken(text, { scopes: ["read:things"] }),
    jose: (text) => jose.jwtVerify(text, set, { issuer, audience, algorithms: [alg] }),
  };
  return { token, contenders };
};

const timed = async (call, token, inFlight, count) => {
  // A text as a request has it: of its own each time, and flat.
  const texts = Array.from({ length: count }, () => Buffer.from(token, "latin1").toString("latin1"));
  const begun = process.hrtime.bigint();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let made = 0; made < count / inFlight; made++) if (!(await call(texts.pop()))) throw new Error("a good token was refused");
    }),
  );
  return Number(process.hrtime.bigint() - begun) / 1000 / count;
};

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const results = [];
for (const [alg, name] of [["RS256", "rsa"], ["ES256", "ec"]]) {
  const { token, contenders } = await contendersFor(alg, keys[name]);
  const names = Object.keys(contenders);
  for (const inFlight of [1, 50]) {
    for (const one of names) await timed(contenders[one], token, inFlight, 3000);
    const taken = Object.fromEntries(names.map((one) => [one, []]));
    for (let round = 0; round < rounds; round++) {
      for (let index = 0; index < names.length; index++) {
        const one = names[(index + round) % names.length];
        taken[one].push(await timed(contenders[one], token, inFlight, calls));
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
