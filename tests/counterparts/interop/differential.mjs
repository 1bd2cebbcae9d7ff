// Tokens, key sets and requests that were spoilt in a random way, and what the JavaScript of the npm package makes of each, one a line:
// tests/it/differential.rs has Rust judge the same, and any difference is a defect of one of the two.
//
//   node differential.mjs SEED|new SECONDS|COUNTx
//
// The tokens are made from scratch and signed, so that what is wrong with their claims is looked at; the keys are those of the RFCs.
import { createHash, createHmac, createPrivateKey, constants, sign as nodeSign } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const root = new URL("../../../", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`tests/cases/keys/${name}.json`, root), "utf8"));
const { issuer, audience, clientId, now, jwks } = read("hostile");
const { keys } = read("vectors");
const bundle = await build({ entryPoints: [new URL("pkg-template/src/verification.js", root).pathname], bundle: true, write: false, format: "esm", platform: "neutral", define: { VERSION: '"0"' } });
const { RequestGuard, TokenVerifier } = await import(`data:text/javascript;base64,${Buffer.from(bundle.outputFiles[0].contents).toString("base64")}`);

// --- dice: mulberry32 ---
const [, , given, limit] = process.argv;
const seed = given === "new" ? Math.floor(Math.random() * 2 ** 32) : Number(given);
let state = seed >>> 0;
const random = () => {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};
const below = (end) => Math.floor(random() * end);
const pick = (list) => list[below(list.length)];
const chance = (share) => random() < share;

// --- signing ---
const SECRET = "a-secret-of-an-api-that-signs-with-hmac-0123456789";
const b64 = (value) => Buffer.from(value).toString("base64url");
const privateKeys = Object.fromEntries(["rsa", "bilbo", "ec", "ed"].map((name) => [name, createPrivateKey({ key: keys[name], format: "jwk" })]));
const signature = (alg, name, data) => {
  if (alg.startsWith("HS")) return createHmac(`sha${alg.slice(2)}`, name === "oct" ? SECRET : "another").update(data).digest();
  const key = privateKeys[name];
  if (alg === "EdDSA" || alg === "Ed25519") return nodeSign(null, Buffer.from(data), key);
  const options = { key, dsaEncoding: "ieee-p1363" };
  if (alg.startsWith("PS")) Object.assign(options, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(alg.slice(2)) / 8 });
  return nodeSign(`sha${alg.slice(2)}`, Buffer.from(data), options);
};
// The algorithm, the key that signs, and the id of the key in the set.
const SIGNERS = [["ES256", "ec", "ec"], ["ES256", "ec", "ec"], ["EdDSA", "ed", "ed"], ["EdDSA", "ed", "ed"], ["RS256", "rsa", "rsa"], ["PS256", "bilbo", "pss"], ["HS256", "oct", undefined]];
const WRONG = [["ES256", "ec", "rsa"], ["RS256", "bilbo", "rsa"], ["RS256", "rsa", "nobody"], ["RS256", "bilbo", "enc"], ["RS256", "bilbo", "wrap"], ["EdDSA", "ed", undefined], ["HS256", "oct", "oct"], ["PS256", "bilbo", undefined], ["Ed25519", "ed", "ed"], ["RS384", "rsa", "rsa"], ["HS384", "oct", undefined]];

// --- what is put in the place of something ---
const thumbprint = (jwk) => createHash("sha256").update(JSON.stringify(jwk)).digest("base64url");
const { kty, crv, x, y } = keys.ec;
const EC = { crv, kty, x, y };
const JKT = thumbprint(EC);
const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const TEXTS = ["", " ", "a", "A", "the-client", "auth0|1", issuer, issuer.slice(0, -1), issuer.toUpperCase(), audience, clientId, "org_1", "acme", "Acme", "acme\u212a", "acmek", "org_", "the-nonce", "read:things", "read:things  write:things", "\u00e4", "\ud83d\ude00", "\0", "__proto__", "constructor", "toString", "urn:level:2", "mfa", "pwd", "x".repeat(300), JKT, "1767225600", "null", "\"", "\\", "\u2028", "a.b"];
const NUMBERS = ["0", "-0", "1", "-1", "1.0", "1.5", "1e3", "1E+3", "1e-3", "9007199254740991", "9007199254740992", "9007199254740993", "1e400", "-1e400", "123456789012345678901234567890", "0.1e1", ...[-100000, -3601, -3600, -121, -120, -61, -60, -59, -1, 0, 1, 59, 60, 61, 119, 120, 121, 3600, 100000].map((by) => String(now + by)), `${now}.0`, `${now}e0`, `${now / 100}e2`, `-${now}`];
// JSON as text.
const value = (depth = 0) => {
  const dice = below(depth > 3 ? 5 : 9);
  if (dice < 2) return JSON.stringify(pick(TEXTS));
  if (dice < 4) return pick(NUMBERS);
  if (dice === 4) return pick(["true", "false", "null"]);
  if (dice === 5) return `[${Array.from({ length: below(4) }, () => value(depth + 1))}]`;
  if (dice === 6) return `[${Array.from({ length: below(4) }, () => JSON.stringify(pick(TEXTS)))}]`;
  if (dice === 7) return `{${Array.from({ length: below(3) }, (_, at) => `${JSON.stringify(`${pick(["a", "jkt", "x5t#S256", EVENT, "exp", "0"])}${at || ""}`)}:${value(depth + 1)}`)}}`;
  return pick([`{"${EVENT}":{}}`, `{"${EVENT}":[]}`, `{"jkt":"${JKT}"}`, `"${clientId}"`, `["${clientId}","b"]`, JSON.stringify(audience), `[${JSON.stringify(audience)}]`]);
};
const CLAIMS = ["iss", "sub", "aud", "exp", "iat", "nbf", "azp", "client_id", "jti", "scope", "permissions", "nonce", "auth_time", "acr", "amr", "org_id", "org_name", "at_hash", "c_hash", "sid", "events", "cnf", "own"];
const half = (text, hash = "sha256") => createHash(hash).update(text).digest().subarray(0, hash === "sha512" ? 32 : 16).toString("base64url");

const base = (kind) => {
  const claims = { iss: JSON.stringify(issuer), sub: '"auth0|1"', aud: JSON.stringify(kind === "access" || kind === "guard" ? audience : clientId), iat: String(now - 10), exp: String(now + 3600) };
  if (kind === "access" || kind === "guard") Object.assign(claims, { azp: `"${clientId}"`, scope: '"read:things write:things"', permissions: '["read:things"]', client_id: `"${clientId}"`, jti: '"t-1"', org_id: '"org_1"', org_name: '"acme"' });
  if (kind === "id") Object.assign(claims, { nonce: '"the-nonce"', auth_time: String(now - 100), acr: '"urn:level:2"', amr: '["pwd","mfa"]', org_id: '"org_1"', org_name: '"acme"', at_hash: `"${half("the-token")}"`, c_hash: `"${half("the-code", "sha512")}"` });
  if (kind === "logout") Object.assign(claims, { jti: `"logout-${below(1e9)}"`, sid: '"session-1"', events: `{"${EVENT}":{}}` });
  return claims;
};

const expectation = (kind) => {
  const expect = {};
  const may = (name, make) => chance(0.15) && (expect[name] = make());
  may("organization", () => pick(["org_1", "acme", "ACME", "org_2", "acmek", "other", ""]));
  may("subject", () => pick(["auth0|1", "auth0|2", ""]));
  may("clientId", () => pick([clientId, "other", ""]));
  may("scopes", () => pick([[], ["read:things"], ["read:things", "write:things"], ["delete:things"], [""]]));
  may("permissions", () => pick([[], ["read:things"], ["other"]]));
  may("acr", () => pick([[], ["urn:level:2"], ["x", "urn:level:2"], ["x"]]));
  may("amr", () => pick([[], ["mfa"], ["mfa", "pwd"], ["hwk"]]));
  if (kind === "id") {
    may("nonce", () => pick(["the-nonce", "the-nonc", "", "\u00e4"]));
    may("maxAge", () => pick([0, 39, 40, 41, 100, 3600]));
    may("accessToken", () => pick(["the-token", "other"]));
    may("code", () => pick(["the-code", "other"]));
  }
  return expect;
};

// --- how a text is spoilt ---
const splice = (text, from, gone, put) => text.slice(0, from) + put + text.slice(from + gone);
const spoilJson = (text) => {
  const at = below(text.length + 1);
  switch (below(12)) {
    case 0: return splice(text, at, 1, "");
    case 1: return splice(text, at, 0, pick(['"', "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "\t", "\0", "\ufeff", "\u00a0", "/", "1", "e", "-", "/**/"]));
    case 2: return splice(text, at, 1, pick(["\\u0061", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\ud83dx\\ude00", "\\\\ud800", "\\\\\\ud800", "\\u00e4", "\\u0022", "\\n", "\\x", "\\u12", "\u{1f600}"]));
    case 3: return text.replace(/^\{/, `{${JSON.stringify(pick([...CLAIMS, "alg", "kid"]))}:${value()},`);
    case 4: return text.replace(/\}$/, `,${JSON.stringify(pick([...CLAIMS, "alg", "kid"]))}:${value()}}`);
    case 5: return text.replace(/"(\w)(\w+)":/, (_, first, rest) => `"\\u${first.charCodeAt(0).toString(16).padStart(4, "0")}${rest}":`);
    case 6: return text.replace(/[:,]/g, (mark) => (chance(0.3) ? `${pick([" ", "\n", "\t", "\r", "\f", "\u2028"])}${mark} ` : mark));
    case 7: return text.replace(/\}$/, `,"deep":${"[".repeat(below(34) + 20)}${"]".repeat(below(34) + 20)}}`);
    case 8: { const deep = 25 + below(12); return text.replace(/\}$/, `,"deep":${'{"a":'.repeat(deep)}1${"}".repeat(deep)}}`); }
    case 9: return text.replace(/\}$/, `,"in":{"a":1,${pick(['"b"', '"a"', '"\\u0061"', '"A"'])}:[{"a":2},{"a":3}]}}`);
    case 10: return pick(["[]", "null", "1", '"x"', "", " ", `[${text}]`, `${text}${text}`, ` ${text} `, '{"a":1,"a":2}', '[{"a":1,"a":1}]', '{"__proto__":1,"__proto__":2}', '[1.5,{"a":1,"a":1}]', '{"a":-0,"":1.0,"":2}']);
    default: return text.replace(/\d+/, () => pick(NUMBERS));
  }
};
const spoilToken = (token) => {
  const at = below(token.length + 1);
  switch (below(10)) {
    case 0: return splice(token, at, 1, "");
    case 1: return splice(token, at, 0, pick([".", "=", " ", "\n", "+", "/", "A", "_", "\u00e4", "\u0141", "%", "\0", "~"]));
    case 2: return splice(token, at, 1, pick("ABab01-_"));
    case 3: return token.replace(/.$/, () => pick("ABCDEFQgwAz_"));
    case 4: return token.slice(0, at);
    case 5: return token + pick(["=", "==", ".", ".a", ".a.b", " ", "A", "AA"]);
    case 6: return splice(token, pick([...token.matchAll(/\./g)].map(({ index }) => index)), 0, pick(["=", "A", ".", "AA", "B", "Q"]));
    case 7: return token.toLowerCase();
    case 8: return splice(token, token.lastIndexOf(".") + 1, below(60), "");
    default: return token.replaceAll("-", "+").replaceAll("_", "/");
  }
};
const HEADERS = { alg: ['"none"', '"None"', '"rs256"', '"RS256 "', '"HS256"', '"RS512"', "null", "1", '["RS256"]', '""'], typ: ['"JWT"', '"jwt"', '"at+jwt"', '"AT+JWT"', '"application/at+jwt"', '"APPLICATION/jwt"', '"logout+jwt"', '"dpop+jwt"', '"application/application/jwt"', '"application/"', '""', "null", "5", '"j\u212aT"', '"\u0130"'], kid: ['"ec"', '"ed"', '"rsa"', '"pss"', '""', '"../../x"', "null", "7", '"oct"', '"weak"', '"unknown-type"'], crit: ["[]", '["exp"]', "null"], b64: ["false", "true"], cty: ['"JWT"', '""', "null"], zip: ['"DEF"'], jwk: ["{}", JSON.stringify(EC)], jku: ['"https://evil.example"'], x5c: ["[]"] };

const tokenOf = (kind, claims, { typ, jwk } = {}) => {
  const [alg, name, kid] = chance(0.88) ? pick(SIGNERS) : pick(WRONG);
  const header = { alg: JSON.stringify(alg), ...(kid === undefined ? {} : { kid: JSON.stringify(kid) }), ...(jwk && { jwk }) };
  const type = typ ?? pick([undefined, "JWT", kind === "logout" ? "logout+jwt" : kind === "access" ? "at+jwt" : "JWT"]);
  if (type) header.typ = JSON.stringify(type);
  if (chance(0.12)) {
    const member = pick(Object.keys(HEADERS));
    if (chance(0.3)) delete header[member];
    else header[member] = pick(HEADERS[member]);
  }
  const write = (members) => `{${Object.entries(members).map(([key, text]) => `${JSON.stringify(key)}:${text}`)}}`;
  let [head, body] = [write(header), write(claims)];
  if (chance(0.05)) head = spoilJson(head);
  if (chance(0.2)) body = spoilJson(body);
  let bytes = Buffer.from(body);
  if (chance(0.01)) bytes = Buffer.concat([bytes.subarray(0, 8), Buffer.from([pick([0x80, 0xc0, 0xff, 0xed]), pick([0x80, 0xa0])]), bytes.subarray(8)]);
  const data = `${b64(head)}.${b64(bytes)}`;
  return { token: `${data}.${b64(signature(alg, name, data))}`, alg };
};
const spoilClaims = (claims) => {
  for (let times = pick([0, 1, 1, 1, 2, 3]); times; times--) {
    const name = pick(CLAIMS);
    if (chance(0.25)) delete claims[name];
    else claims[name] = pick([value, () => pick(NUMBERS), () => JSON.stringify(pick(TEXTS))])();
  }
  return claims;
};

// --- who judges ---
const SETTINGS = [{ algorithms: ["ES256", "EdDSA", "RS256", "PS256"] }, { algorithms: ["ES256", "EdDSA", "RS256", "PS256"], leeway: 0 }, {}, { algorithms: ["Ed25519"] }, { secret: SECRET }, { secret: SECRET, algorithms: ["HS256", "HS384"] }];
const common = { domain: "tenant.example.com", issuer, audience, clientId };
const clock = () => now * 1000;
const verifiers = SETTINGS.map((own) => new TokenVerifier({ ...common, clock, jwks: own.secret ? undefined : jwks, ...own }));
const settingFor = (alg) => (alg.startsWith("HS") && chance(0.9) ? pick([4, 5]) : chance(0.9) ? pick([0, 0, 1]) : below(SETTINGS.length));

// `warm` is the second time: the keys are there, and the header may be a known one.
const judge = async (judged) => {
  const verifier = judged.jwks === undefined ? verifiers[judged.setting] : undefined;
  try {
    if (judged.jwks !== undefined) return { claims: await new TokenVerifier({ ...common, clock, jwks: judged.jwks, algorithms: SETTINGS[0].algorithms }).verifyAccessToken(judged.token) };
    if (judged.kind === "access") return { claims: await verifier.verifyAccessToken(judged.token, judged.expect) };
    if (judged.kind === "id") return { claims: await verifier.verifyIdToken(judged.token, judged.expect) };
    if (judged.kind === "logout") return { claims: await verifier.verifyLogoutToken(judged.token) };
    const headers = new Headers();
    if (judged.authorization !== undefined) headers.set("authorization", judged.authorization);
    if (judged.proof !== undefined) headers.set("dpop", judged.proof);
    const { claims, error } = await new RequestGuard(verifier, { ...judged.expect, dpop: judged.mode }).check({ method: judged.method, url: judged.url, headers }, { dpopNonce: judged.nonce });
    if (error) throw error;
    return { claims };
  } catch (error) {
    return { code: error.code ?? `${error.name}: ${error.message}` };
  }
};

const requestOf = () => {
  const claims = base("guard");
  if (chance(0.85)) claims.cnf = `{"jkt":"${JKT}"}`;
  const { token, alg } = tokenOf("access", chance(0.15) ? spoilClaims(claims) : claims);
  const url = pick(["https://api.example.com/things?x=1", "https://api.example.com/a%2fb/%7Ec", "http://localhost:3000/", "https://api.example.com:443/things/../x"]);
  const method = pick(["GET", "POST"]);
  const said = { jti: `"${chance(0.1) ? "again" : below(1e9)}"`, htm: JSON.stringify(method), htu: JSON.stringify(pick([url, url, url.replace(/\?.*/, ""), url.toUpperCase(), `${url}#z`, url.replace("%2f", "%2F").replace("%7E", "~"), "x"])), iat: String(now), ath: `"${createHash("sha256").update(token).digest("base64url")}"` };
  if (chance(0.3)) {
    const name = pick(["jti", "htm", "htu", "iat", "ath", "nonce", "own"]);
    if (chance(0.3)) delete said[name];
    else said[name] = pick([value, () => pick(NUMBERS), () => JSON.stringify(pick(TEXTS))])();
  }
  const nonce = chance(0.2) ? "n-1" : undefined;
  if (nonce && chance(0.7)) said.nonce = '"n-1"';
  const shown = pick([EC, EC, EC, EC, EC, { ...EC, kid: "x", use: "sig" }, { ...EC, use: "enc" }, { ...EC, d: "AA" }, { ...EC, key_ops: ["verify"] }, { ...EC, alg: "ES384" }, { kty: "EC" }, 5, null, { ...EC, x: `${EC.x}=` }]);
  const header = `{"alg":"ES256","typ":${pick(['"dpop+jwt"', '"dpop+jwt"', '"dpop+jwt"', '"dpop+jwt"', '"JWT"', '"application/dpop+JWT"'])},"jwk":${JSON.stringify(shown)}}`;
  const body = `{${Object.entries(said).map(([name, text]) => `"${name}":${text}`)}}`;
  const data = `${b64(chance(0.05) ? spoilJson(header) : header)}.${b64(chance(0.05) ? spoilJson(body) : body)}`;
  let proof = `${data}.${b64(signature("ES256", "ec", data))}`;
  if (chance(0.08)) proof = spoilToken(proof);
  if (/[^!-~]/.test(proof)) proof = "x";
  const scheme = chance(0.8) ? "DPoP" : pick(["dpop", "Bearer", "bearer", "Basic", "DPoP ", ""]);
  return { kind: "guard", setting: settingFor(alg), expect: chance(0.8) ? {} : expectation("access"), mode: pick(["allowed", "allowed", "allowed", "required", "required", "off"]), method, url, nonce, authorization: chance(0.03) ? undefined : `${scheme} ${token}${chance(0.03) ? pick([" x", ",", ", Bearer y", " "]) : ""}`.trim(), proof: chance(0.1) ? undefined : proof };
};

const setOf = () => {
  const changed = [];
  const set = { keys: structuredClone(jwks.keys.filter(() => chance(0.8))) };
  for (let times = below(3); times && set.keys.length; times--) {
    const key = pick(set.keys);
    const member = pick(["kty", "crv", "n", "e", "x", "y", "kid", "use", "alg", "key_ops", "d"]);
    key[member] = pick(["", "sig", "enc", "RSA", "EC", "OKP", "oct", "P-256", "P-384", "Ed25519", "AQAB", "AA", "AAEAAQ", "Aw", 5, null, [], ["verify"], ["sign"], ["verify", 1], "ES256", "RS256", "none", "rsa", "ec", key.n, `${key.x}=`, undefined]);
    changed.push(`${key.kid}.${member} = ${JSON.stringify(key[member])?.slice(0, 20)}`);
    if (chance(0.1)) set.keys.push(key);
  }
  let text = JSON.stringify(set);
  if (chance(0.3)) text = spoilJson(text);
  if (chance(0.05)) text = pick(["<html>", "", "{}", '{"keys":{}}', '{"keys":[]}', '{"keys":[null]}', '{"keys":[1,"a",[]]}', JSON.stringify({ keys: Array(101).fill(jwks.keys[2]) }), JSON.stringify({ keys: Array(100).fill(jwks.keys[2]) })]);
  return { changed, jwks: text };
};

const [, count, times] = /^(\d+)(x?)$/.exec(limit) ?? [];
if (!count) throw new Error("how many? SECONDS, or a number and an x");
const ends = times ? Infinity : Date.now() + Number(count) * 1000;
let made = 0;
const put = async (judged) => {
  made++;
  if (!process.stdout.write(`${JSON.stringify({ ...judged, outcome: await judge(judged) })}\n`)) await once(process.stdout, "drain");
};
await put({ about: { seed, common, jwks, settings: SETTINGS, now }, kind: "access", setting: 0, token: "", expect: {} });
while (times ? made < Number(count) : Date.now() < ends) {
  const dice = random();
  if (dice < 0.12) {
    await put(requestOf());
  } else if (dice < 0.2) {
    await put({ kind: "jwks", ...setOf(), token: tokenOf("access", base("access")).token });
  } else {
    const kind = pick(["access", "access", "id", "logout"]);
    const { token, alg } = tokenOf(kind, chance(0.75) ? spoilClaims(base(kind)) : base(kind));
    const judged = { kind, setting: settingFor(alg), expect: kind === "logout" ? {} : expectation(kind), token: chance(0.2) ? spoilToken(token) : token };
    await put(judged);
    if (chance(0.2)) await put(judged);
  }
}
