// Signs and verifies with the npm package `jose`: a task in JSON comes in, and what was made of it goes out. See tests/it/interop.rs.
//   { sign: [{ alg, key, header, claims }], verify: [{ name, alg, key, token, audience, proof }] }
// A key is a JWK, or the text of a secret. A proof of possession brings its own key, and gives its thumbprint.
import { createPrivateKey } from "node:crypto";
import { CompactSign, EmbeddedJWK, calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from "jose";

let text = "";
for await (const piece of process.stdin) text += piece;
const task = JSON.parse(text);

const imported = (key, alg) => (typeof key === "string" ? new TextEncoder().encode(key) : importJWK(key, alg));

const signed = [];
for (const { alg, key, header, claims } of task.sign) {
  const payload = new TextEncoder().encode(JSON.stringify(claims));
  signed.push(await new CompactSign(payload).setProtectedHeader({ alg, ...header }).sign(await imported(key, alg)));
}

const verified = [];
for (const { name, alg, key, token, audience, issuer, now, proof } of task.verify) {
  const rules = { algorithms: [alg], audience: audience ?? undefined, issuer: issuer ?? undefined, currentDate: new Date(now * 1000), requiredClaims: ["iat"], maxTokenAge: 300 };
  try {
    const { payload } = proof
      ? await jwtVerify(token, EmbeddedJWK, { ...rules, typ: "dpop+jwt" })
      : await jwtVerify(token, await imported(key, alg), rules);
    verified.push({ claims: payload, thumbprint: proof ? await calculateJwkThumbprint(decodeProtectedHeader(token).jwk) : null });
  } catch (error) {
    verified.push({ error: `${name}: ${error.code} ${error.message}` });
  }
}

const pems = task.pems.map((key) => createPrivateKey({ key, format: "jwk" }).export({ format: "pem", type: "pkcs8" }));
process.stdout.write(JSON.stringify({ signed, verified, pems }));
