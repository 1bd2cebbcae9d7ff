// Tokens, assertions and proofs between the packed npm package and `jose`, in every algorithm that both have: signed there and verified
// here, and the other way round. The package is the one that tests/js/run.mjs installed into target/js-tests.
import assert from "node:assert/strict";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as jose from "jose";

const folder = new URL("../../target/js-tests/node_modules/auth0-sdk/", import.meta.url);
const { createClientAssertion, createDpop, RequestGuard, TokenVerifier } = await import(new URL("verify.js", folder).href);
const whole = await import(pathToFileURL(fileURLToPath(new URL("index.js", folder))).href);

const [issuer, audience] = ["https://tenant.example.com/", "https://api.example.com/"];
const domain = "tenant.example.com";
let passed = 0;

const names = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
for (const alg of names) {
  const { privateKey, publicKey } = await jose.generateKeyPair(alg, { extractable: true });
  const [pem, jwk, shown] = [await jose.exportPKCS8(privateKey), await jose.exportJWK(privateKey), await jose.exportJWK(publicKey)];
  const kid = await jose.calculateJwkThumbprint(shown);
  const jwks = { keys: [{ ...shown, kid, alg, use: "sig" }] };
  const token = (claims) => new jose.SignJWT({ scope: "a b", ...claims }).setProtectedHeader({ alg, kid, typ: "at+jwt" }).setIssuer(issuer).setAudience(audience).setSubject("s").setJti("j").setIssuedAt().setExpirationTime("5m").sign(privateKey);
  const settings = { domain, audience, algorithms: [alg], jwks };
  for (const Verifier of [TokenVerifier, whole.TokenVerifier]) {
    const claims = await new Verifier(settings).verifyAccessToken(await token({ client_id: "c" }), { scopes: ["a"] });
    assert.equal(claims.sub, "s");
  }
  // Every form of a private key signs what jose takes.
  for (const key of [pem, jwk, privateKey, { privateKey, publicKey }]) {
    const assertion = await createClientAssertion({ clientId: "c", audience: issuer, key, algorithm: alg, keyId: kid })();
    const { payload, protectedHeader } = await jose.jwtVerify(assertion, jose.createLocalJWKSet(jwks), { issuer: "c", subject: "c", audience: issuer, algorithms: [alg], maxTokenAge: "2m", requiredClaims: ["jti", "exp"] });
    assert.equal(protectedHeader.kid, kid);
    assert.ok(payload.jti.length >= 20);
  }
  // A proof of ours by the key in its header, and one of jose's through the guard.
  const dpop = await createDpop({ keyPair: jwk, algorithm: alg });
  assert.equal(await dpop.thumbprint(), kid);
  const ours = await dpop.proof("GET", "https://api.example.com/x?y#z", "token");
  const { payload } = await jose.jwtVerify(ours, jose.EmbeddedJWK, { typ: "dpop+jwt", algorithms: [alg], maxTokenAge: "1m" });
  assert.deepEqual([payload.htm, payload.htu], ["GET", "https://api.example.com/x"]);
  const bound = await token({ client_id: "c", cnf: { jkt: kid } });
  const ath = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(bound))).toString("base64url");
  const theirs = await new jose.SignJWT({ htm: "GET", htu: "https://api.example.com/x", ath }).setProtectedHeader({ alg, typ: "dpop+jwt", jwk: shown }).setJti(`${alg}-1`).setIssuedAt().sign(privateKey);
  const { claims, error } = await new RequestGuard(new TokenVerifier(settings)).check(new Request("https://api.example.com/x?y", { headers: { authorization: `DPoP ${bound}`, dpop: theirs } }));
  assert.equal(claims?.sub, "s", error?.message);
  passed++;
}
for (const alg of ["HS256", "HS384", "HS512"]) {
  const secret = "0123456789abcdef".repeat(4);
  const token = await new jose.SignJWT({}).setProtectedHeader({ alg }).setIssuer(issuer).setAudience("c").setSubject("s").setIssuedAt().setExpirationTime("5m").sign(new TextEncoder().encode(secret));
  assert.equal((await new TokenVerifier({ domain, clientId: "c", secret, algorithms: [alg] }).verifyIdToken(token)).sub, "s");
  passed++;
}
console.log(`${passed} algorithms, both ways`);
