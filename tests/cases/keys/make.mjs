// Writes hostile.json: tokens with one flaw each, the code with which each must be refused, and the same token without the
// flaw. The keys are published ones (RFC 7515 A.2 and A.3, RFC 7520 4.1, RFC 8037 A.1), and the time is fixed, so that only
// the signatures of ES256 and PS256, which are random, differ from run to run: node tests/cases/keys/make.mjs
import { constants, createHash, createHmac, createPrivateKey, createPublicKey, sign as nodeSign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const here = (name) => new URL(name, import.meta.url);
const { keys } = JSON.parse(readFileSync(here("vectors.json"), "utf8"));
const NOW = 1767225600;
const ISSUER = "https://tenant.example.com/";
const AUDIENCE = "https://api.example.com/";
const CLIENT = "the-client";
const SECRET = "a-secret-of-an-api-that-signs-with-hmac-0123456789";
const EVENT = "http://schemas.openid.net/event/backchannel-logout";

const publicOf = ({ kty, crv, n, e, x, y }, more) => JSON.parse(JSON.stringify({ kty, crv, n, e, x, y, ...more }));
const jwks = {
  keys: [
    { kty: "AKP", kid: "unknown-type", alg: "ML-DSA-44", pub: "AA" },
    { kty: "RSA", kid: "weak", n: "AQAB", e: "AQAB" },
    publicOf(keys.rsa, { kid: "rsa", use: "sig", alg: "RS256" }),
    publicOf(keys.bilbo, { kid: "enc", use: "enc" }),
    publicOf(keys.bilbo, { kid: "wrap", key_ops: ["wrapKey"] }),
    publicOf(keys.bilbo, { kid: "pss" }),
    publicOf(keys.bilbo, { kid: "pss-2" }),
    publicOf(keys.ec, { kid: "ec" }),
    publicOf(keys.ed, { kid: "ed" }),
    { kty: "oct", kid: "oct", k: Buffer.from(SECRET).toString("base64url") },
  ],
};

const b64 = (value) => Buffer.from(value).toString("base64url");
const json = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const privateKey = (name) => createPrivateKey({ key: keys[name], format: "jwk" });

const signature = (alg, name, data) => {
  if (alg.startsWith("HS")) return createHmac(`sha${alg.slice(2)}`, name ?? SECRET).update(data).digest("base64url");
  const key = privateKey(name);
  if (alg === "EdDSA") return nodeSign(null, Buffer.from(data), key).toString("base64url");
  const options = { key, dsaEncoding: "ieee-p1363" };
  if (alg.startsWith("PS")) Object.assign(options, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(alg.slice(2)) / 8 });
  return nodeSign(`sha${alg.slice(2)}`, Buffer.from(data), options).toString("base64url");
};

const base = {
  access: {
    iss: ISSUER, sub: "auth0|1", aud: AUDIENCE, iat: NOW - 10, exp: NOW + 3600, azp: CLIENT,
    scope: "read:things write:things", permissions: ["read:things"], org_id: "org_1", org_name: "acme",
  },
  id: {
    iss: ISSUER, sub: "auth0|1", aud: CLIENT, iat: NOW - 10, exp: NOW + 3600, nonce: "the-nonce", auth_time: NOW - 100,
    acr: "urn:level:2", amr: ["pwd", "mfa"], org_id: "org_1", org_name: "acme",
  },
  logout: {
    iss: ISSUER, sub: "auth0|1", aud: CLIENT, iat: NOW - 10, exp: NOW + 120, jti: "logout-1", sid: "session-1", events: { [EVENT]: {} },
  },
};

// The header and the claims are objects, or texts where JSON.stringify could not write them. `undefined` takes a member out.
const make = ({ kind = "access", header = {}, claims = {}, key = "rsa", alg = "RS256", as }) => {
  const head = typeof header === "string" ? header : json({ alg, typ: kind === "logout" ? "logout+jwt" : "JWT", kid: "rsa", ...header });
  const body = typeof claims === "string" || Buffer.isBuffer(claims) ? claims : json({ ...base[kind], ...claims });
  const data = `${b64(head)}.${b64(body)}`;
  return `${data}.${signature(as ?? alg, key, data)}`;
};

const cases = [];
// `flaw` is what make() is given, or a function that spoils the good token.
const add = (name, code, flaw, { kind = "access", good = {}, ...more } = {}) => {
  const mended = make({ kind, ...good });
  const token = typeof flaw === "function" ? flaw(mended) : make({ kind, ...good, ...flaw });
  if (token === mended) throw new Error(`${name}: no flaw`);
  cases.push({ name, kind, code, ...more, token, mended });
};
const part = (index, change) => (token) => token.split(".").map((text, at) => (at === index ? change(text) : text)).join(".");
const bytes = (change) => part(2, (text) => b64(change(Buffer.from(text, "base64url"))));

// Shape.
add("empty", "token_missing", () => "");
add("one part", "token_malformed", () => "abc");
add("two parts", "token_malformed", (token) => token.split(".").slice(0, 2).join("."));
add("four parts", "token_malformed", (token) => `${token}.AA`);
add("six parts", "token_malformed", (token) => `${token}.AA.AA.AA`);
add("encrypted", "token_encrypted", (token) => `${token}.AA.AA`);
add("an encrypted token with an empty key", "token_encrypted", () => `${b64('{"alg":"dir","enc":"A256GCM"}')}..AAAA.BBBB.CCCC`);
add("17 KiB", "token_too_large", { claims: { pad: "x".repeat(13000) } });
add("100 KB", "token_too_large", (token) => token + "A".repeat(100_000));
add("a byte order mark before it", "base64_invalid", (token) => `\ufeff${token}`);
add("white space before it", "base64_invalid", (token) => ` ${token}`);
add("white space behind it", "base64_invalid", (token) => `${token} `);
add("a line break behind it", "base64_invalid", (token) => `${token}\n`);
add("NUL behind it", "base64_invalid", (token) => `${token}\0`);
add("a quoted token", "base64_invalid", (token) => `"${token}"`);
for (const [index, where] of [[0, "header"], [1, "payload"], [2, "signature"]]) {
  add(`padding in the ${where}`, "base64_invalid", part(index, (text) => `${text}=`));
  add(`white space in the ${where}`, "base64_invalid", part(index, (text) => `${text.slice(0, 4)} ${text.slice(4)}`));
  add(`a line break in the ${where}`, "base64_invalid", part(index, (text) => `${text.slice(0, 4)}\r\n${text.slice(4)}`));
  add(`the other alphabet in the ${where}`, "base64_invalid", part(index, (text) => `+/${text.slice(2)}`));
  add(`a percent escape in the ${where}`, "base64_invalid", part(index, (text) => `%65${text.slice(1)}`));
  add(`a letter that is not ASCII in the ${where}`, "base64_invalid", part(index, (text) => `ä${text.slice(1)}`));
}
add("bits behind the last byte of the signature", "base64_invalid", part(2, (text) => text.slice(0, -1) + String.fromCharCode(text.charCodeAt(text.length - 1) + 1)));
add("an empty header", "json_invalid", part(0, () => ""));
add("an empty payload", "json_invalid", part(1, () => ""));
add("a length that base64 does not have", "base64_invalid", part(0, (text) => text.slice(0, 41)));

// JSON.
const good = json(base.access);
add("a header that is no JSON", "json_invalid", part(0, () => b64("{alg:RS256}")));
add("a header that is an array", "json_invalid", part(0, () => b64('["RS256"]')));
add("a header that is null", "json_invalid", part(0, () => b64("null")));
add("a payload that is an array", "json_invalid", { claims: `[${good}]` });
add("a payload that is a text", "json_invalid", { claims: '"hello"' });
add("a payload with something behind it", "json_invalid", { claims: `${good}{}` });
add("a payload with a comment", "json_invalid", { claims: `/**/${good}` });
add("a payload with a trailing comma", "json_invalid", { claims: good.replace(/}$/, ",}") });
add("a payload with a byte order mark", "json_invalid", { claims: `\ufeff${good}` });
add("a payload that is no UTF-8", "json_invalid", { claims: Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from(`",${good.slice(1)}`)]) });
add("half a surrogate pair", "json_invalid", { claims: `{"x":"\\ud800",${good.slice(1)}` });
add("nesting of 10,000", "json_invalid", { claims: `{"x":${"[".repeat(5000)}${"]".repeat(5000)},${good.slice(1)}` });
add("NaN as exp", "json_invalid", { claims: good.replace(/"exp":\d+/, '"exp":NaN') });
add("exp twice", "member_duplicate", { claims: `{"exp":99999999999,${good.slice(1)}` });
add("exp twice, the last one good", "member_duplicate", { claims: `{"exp":1,${good.slice(1)}` });
add("iss twice, once escaped", "member_duplicate", { claims: `{"\\u0069ss":"https://evil.example/",${good.slice(1)}` });
add("a member twice, deep inside", "member_duplicate", { claims: `{"x":[{"a":1,"a":2}],${good.slice(1)}` });
add("alg twice", "member_duplicate", { header: '{"alg":"none","alg":"RS256","kid":"rsa"}' });
add("kid twice", "member_duplicate", { header: '{"alg":"RS256","kid":"ec","kid":"rsa"}' });

// The algorithm.
const unsigned = (alg) => (token) => `${b64(json({ alg, typ: "JWT", kid: "rsa" }))}.${token.split(".")[1]}.`;
for (const alg of ["none", "None", "NONE", "nOnE", " none", "none\u0000"]) add(`alg ${json(alg)} and no signature`, "algorithm_not_allowed", unsigned(alg));
add("alg none with the signature left on", "algorithm_not_allowed", part(0, () => b64(json({ alg: "none", kid: "rsa" }))));
for (const alg of ["rs256", "Rs256", "RS256 ", "RS-256", "RSA256", "SHA256", ""]) add(`alg ${json(alg)}`, "algorithm_not_allowed", { header: { alg } });
for (const alg of ["RS384", "RS512", "PS256"]) add(`${alg} where RS256 is allowed`, "algorithm_not_allowed", { alg });
for (const alg of ["ES256", "EdDSA"]) {
  const name = alg === "ES256" ? "ec" : "ed";
  add(`${alg} with the issuer's key where RS256 is allowed`, "algorithm_not_allowed", { alg, key: name, header: { kid: name } });
}
add("ES256K", "algorithm_not_allowed", { header: { alg: "ES256K" } });
add("HS256 where RS256 is allowed", "algorithm_not_allowed", { alg: "HS256", key: SECRET });
const spki = createPublicKey({ key: keys.rsa, format: "jwk" }).export({ type: "spki", format: "pem" });
const pkcs1 = createPublicKey({ key: keys.rsa, format: "jwk" }).export({ type: "pkcs1", format: "pem" });
for (const [name, key] of [["SPKI PEM", spki], ["SPKI PEM without its last line break", spki.trimEnd()], ["PKCS#1 PEM", pkcs1], ["modulus", Buffer.from(keys.rsa.n, "base64url")], ["JWK", json(publicOf(keys.rsa))]]) {
  for (const bits of name === "SPKI PEM" ? [256, 384, 512] : [256]) add(`HS${bits} with the RSA key as ${name}`, "algorithm_not_allowed", { alg: `HS${bits}`, key });
}
add("HS256 with an empty secret", "algorithm_not_allowed", { alg: "HS256", key: "" });
add("HS256 with the symmetric key of the set", "algorithm_not_allowed", { alg: "HS256", key: SECRET, header: { kid: "oct" } });
add("no alg", "header_invalid", { header: { alg: undefined } });
add("alg as a number", "header_invalid", { header: { alg: 256 } });
add("alg as an array", "header_invalid", { header: { alg: ["RS256"] } });
add("alg as null", "header_invalid", { header: { alg: null } });

// The rest of the header.
add("crit", "header_critical", { header: { crit: ["exp"], exp: NOW + 60 } });
add("an empty crit", "header_critical", { header: { crit: [] } });
add("crit as null", "header_critical", { header: { crit: null } });
add("an unencoded payload (RFC 7797)", "header_critical", { header: { b64: false, crit: ["b64"] } });
add("b64 without crit", "header_critical", { header: { b64: false } });
add("a nested token (cty)", "header_invalid", { header: { cty: "JWT" } });
add("a compressed payload (zip)", "header_invalid", { header: { zip: "DEF" } });
add("kid as a number", "header_invalid", { header: { kid: 1 } });
add("kid as an object", "header_invalid", { header: { kid: { $ne: "" } } });
add("typ as a number", "header_invalid", { header: { typ: 1 } });
for (const kid of ["", "no-such-key", "../../../../dev/null", "rsa\u0000", "RSA", "rsa' OR '1'='1", "http://evil.example/key", "weak", "unknown-type"]) {
  add(`kid ${json(kid)}`, "key_unknown", { header: { kid } });
}
add("no kid, and two keys that could be", "key_id_missing", { header: { kid: undefined }, alg: "PS256", key: "bilbo" }, { algorithms: ["PS256"], good: { header: { kid: "pss" }, alg: "PS256", key: "bilbo" } });
add("the kid of a key for encryption", "key_unsuitable", { header: { kid: "enc" }, key: "bilbo" });
add("the kid of a key that may not verify", "key_unsuitable", { header: { kid: "wrap" }, key: "bilbo" });
add("the kid of a key of another type", "key_unsuitable", { header: { kid: "ec" } });
add("a key that is for another algorithm", "key_unsuitable", { alg: "PS256" }, { algorithms: ["RS256", "PS256"] });
add("the issuer's symmetric key, named", "key_unknown", { header: { kid: "oct" } });
const evil = { key: "bilbo" };
add("an embedded jwk", "signature_invalid", { ...evil, header: { jwk: publicOf(keys.bilbo) } });
add("an embedded jwk and no kid", "key_id_missing", { ...evil, header: { kid: undefined, jwk: publicOf(keys.bilbo) } });
add("jku", "signature_invalid", { ...evil, header: { jku: "https://evil.example/jwks.json" } });
add("x5u", "signature_invalid", { ...evil, header: { x5u: "https://evil.example/cert.pem" } });
add("x5c", "signature_invalid", { ...evil, header: { x5c: ["MIIB"] } });
add("typ of a DPoP proof", "type_mismatch", { header: { typ: "dpop+jwt" } });
add("typ of a logout token", "type_mismatch", { header: { typ: "logout+jwt" } });
add("typ of something else", "type_mismatch", { header: { typ: "secevent+jwt" } });
add("an access token for an ID token, by typ", "type_mismatch", { header: { typ: "at+jwt" } }, { kind: "id" });
add("an access token for a logout token, by typ", "type_mismatch", { header: { typ: "application/at+jwt" } }, { kind: "logout" });
add("typ with half of the prefix", "type_mismatch", { header: { typ: "application/" } });

// Signatures.
add("no signature", "signature_invalid", part(2, () => ""));
add("a signature by another key", "signature_invalid", evil);
add("the signature of another token", "signature_invalid", (token) => part(2, () => make({ claims: { sub: "other" } }).split(".")[2])(token));
add("a changed claim", "signature_invalid", part(1, () => b64(json({ ...base.access, sub: "admin" }))));
add("a changed header", "signature_invalid", part(0, () => b64(json({ alg: "RS256", kid: "rsa" }))));
add("the first bit flipped", "signature_invalid", bytes((raw) => (raw[0] ^= 0x80, raw)));
add("the last bit flipped", "signature_invalid", bytes((raw) => (raw[raw.length - 1] ^= 1, raw)));
add("a signature cut by a byte", "signature_invalid", bytes((raw) => raw.subarray(0, -1)));
add("a signature of one byte", "signature_invalid", bytes(() => Buffer.from([0])));
add("a signature with a byte more", "signature_invalid", bytes((raw) => Buffer.concat([raw, Buffer.from([0])])));
add("a signature with a zero before it", "signature_invalid", bytes((raw) => Buffer.concat([Buffer.from([0]), raw])));
add("a signature of zeros", "signature_invalid", bytes((raw) => Buffer.alloc(raw.length)));
add("a signature that is the modulus", "signature_invalid", bytes(() => Buffer.from(keys.rsa.n, "base64url")));
const es = { algorithms: ["ES256"], good: { alg: "ES256", key: "ec", header: { kid: "ec" } } };
const halves = (change) => bytes((raw) => Buffer.concat(change(raw.subarray(0, 32), raw.subarray(32))));
const zero = Buffer.alloc(32);
const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
add("ECDSA, r and s zero", "signature_invalid", halves(() => [zero, zero]), es);
add("ECDSA, r zero", "signature_invalid", halves((r, s) => [zero, s]), es);
add("ECDSA, s zero", "signature_invalid", halves((r) => [r, zero]), es);
add("ECDSA, r the order of the group", "signature_invalid", halves((r, s) => [order, s]), es);
add("ECDSA, s the order of the group", "signature_invalid", halves((r) => [r, order]), es);
add("ECDSA, r and s changed places", "signature_invalid", halves((r, s) => [s, r]), es);
add("ECDSA, a zero before each", "signature_invalid", halves((r, s) => [zero.subarray(31), r, zero.subarray(31), s]), es);
add("ECDSA, cut", "signature_invalid", halves((r, s) => [r, s.subarray(1)]), es);
const integer = (raw) => { const value = raw[0] & 0x80 ? Buffer.concat([Buffer.from([0]), raw]) : raw; return Buffer.concat([Buffer.from([2, value.length]), value]); };
add("ECDSA, DER", "signature_invalid", halves((r, s) => { const body = Buffer.concat([integer(r), integer(s)]); return [Buffer.from([0x30, body.length]), body]; }), es);
add("RSA where ECDSA is expected", "signature_invalid", { as: "RS256", key: "rsa" }, es);
const ed = { algorithms: ["EdDSA"], good: { alg: "EdDSA", key: "ed", header: { kid: "ed" } } };
// S + L: the same equation holds, and RFC 8032, section 5.1.7, refuses it.
const addOrder = (raw) => {
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const little = (buffer) => BigInt(`0x${Buffer.from(buffer).reverse().toString("hex")}`);
  return Buffer.concat([raw.subarray(0, 32), Buffer.from((little(raw.subarray(32)) + L).toString(16).padStart(64, "0"), "hex").reverse()]);
};
add("Ed25519, malleable", "signature_invalid", bytes(addOrder), ed);
add("Ed25519, zeros", "signature_invalid", bytes((raw) => Buffer.alloc(raw.length)), ed);
add("Ed25519, cut", "signature_invalid", bytes((raw) => raw.subarray(0, 63)), ed);
const ps = { algorithms: ["PS256"], good: { alg: "PS256", key: "bilbo", header: { kid: "pss" } } };
add("PKCS#1 padding where PSS is expected", "signature_invalid", { as: "RS256" }, ps);
add("PSS, another digest", "signature_invalid", { as: "PS384" }, ps);
const hs = { secret: SECRET, algorithms: ["HS256"], good: { alg: "HS256", key: SECRET } };
add("HMAC, another secret", "signature_invalid", { key: "x".repeat(50) }, hs);
add("HMAC, cut", "signature_invalid", bytes((raw) => raw.subarray(0, 16)), hs);
add("HMAC, another digest", "signature_invalid", { as: "HS512" }, hs);
add("RS256 where a secret is the key", "algorithm_not_allowed", { alg: "RS256", key: "rsa" }, hs);

// Issuer and audience.
const issuers = {
  "without the slash": "https://tenant.example.com", "with a slash more": "https://tenant.example.com//", "with http": "http://tenant.example.com/",
  "in capitals": "https://TENANT.example.com/", "with a Cyrillic a": "https://ten\u0430nt.example.com/", "with a full-width dot": "https://tenant\uff0eexample.com/",
  "with a zero-width space": "https://tenant.example.com/\u200b", "with a soft hyphen": "https://ten\u00adant.example.com/", "with a port": "https://tenant.example.com:443/",
  "with a user": "https://tenant.example.com@evil.example/", "with white space": " https://tenant.example.com/", "with a query": "https://tenant.example.com/?x",
  "of another tenant": "https://other.example.com/", "with a path": "https://tenant.example.com/evil/", "with NUL": "https://tenant.example.com/\u0000",
};
for (const [name, iss] of Object.entries(issuers)) add(`an issuer ${name}`, "issuer_mismatch", { claims: { iss } });
for (const iss of [null, 5, [ISSUER], { iss: ISSUER }, ""]) add(`iss ${json(iss)}`, "claim_invalid", { claims: { iss } });
add("no iss", "claim_missing", { claims: { iss: undefined } });
for (const aud of ["https://api.example.com", "https://API.example.com/", "https://api.example.com/ https://other.example/", ["https://other.example/"], CLIENT, ""]) add(`aud ${json(aud)}`, "audience_mismatch", { claims: { aud } });
for (const aud of [null, 5, true, [], [[AUDIENCE]], [AUDIENCE, [AUDIENCE]], [AUDIENCE, 5], { 0: AUDIENCE }]) add(`aud ${json(aud)}`, "claim_invalid", { claims: { aud } });
add("no aud", "claim_missing", { claims: { aud: undefined } });

// Time.
add("expired long ago", "expired", { claims: { exp: NOW - 3600 } });
add("expired by the leeway", "expired", { claims: { exp: NOW - 60 } }, { good: { claims: { exp: NOW - 59 } } });
add("exp 0", "expired", { claims: { exp: 0 } });
add("no exp", "claim_missing", { claims: { exp: undefined } });
for (const exp of [String(NOW + 3600), NOW + 3600.5, -1, null, [NOW + 3600], true, {}]) add(`exp ${json(exp)}`, "claim_invalid", { claims: { exp } });
for (const exp of ["1e300", "1e10", "99999999999999999999", "9007199254740992", "-0"]) add(`exp ${exp}`, "claim_invalid", { claims: good.replace(/"exp":\d+/, `"exp":${exp}`) });
add("issued in the future", "issued_in_future", { claims: { iat: NOW + 61 } }, { good: { claims: { iat: NOW + 60 } } });
add("issued in milliseconds", "issued_in_future", { claims: { iat: NOW * 1000 } });
add("no iat", "claim_missing", { claims: { iat: undefined } });
for (const iat of [String(NOW), NOW - 0.5, -1, null]) add(`iat ${json(iat)}`, "claim_invalid", { claims: { iat } });
add("not valid yet", "not_yet_valid", { claims: { nbf: NOW + 61 } }, { good: { claims: { nbf: NOW + 60 } } });
for (const nbf of [String(NOW), NOW - 0.5, -1, null]) add(`nbf ${json(nbf)}`, "claim_invalid", { claims: { nbf } });

// Access tokens.
add("no sub", "claim_missing", { claims: { sub: undefined } });
add("an empty sub", "claim_invalid", { claims: { sub: "" } });
add("sub as a number", "claim_invalid", { claims: { sub: 1 } });
const rfc9068 = { good: { header: { typ: "at+jwt" }, claims: { client_id: CLIENT, jti: "1" } } };
add("RFC 9068 without client_id", "claim_missing", { claims: { jti: "1" } }, rfc9068);
add("RFC 9068 without jti", "claim_missing", { claims: { client_id: CLIENT } }, rfc9068);
const scopes = { expect: { scopes: ["read:things"] } };
add("no scope", "insufficient_scope", { claims: { scope: undefined } }, scopes);
add("another scope", "insufficient_scope", { claims: { scope: "read:other" } }, scopes);
add("a scope that begins with the right one", "insufficient_scope", { claims: { scope: "read:things:all" } }, scopes);
add("a scope in capitals", "insufficient_scope", { claims: { scope: "READ:THINGS" } }, scopes);
add("scopes with a tab between them", "insufficient_scope", { claims: { scope: "read:things\twrite:things" } }, scopes);
add("scope as an array", "claim_invalid", { claims: { scope: ["read:things"] } }, scopes);
const permissions = { expect: { permissions: ["read:things"] } };
add("no permissions", "insufficient_permissions", { claims: { permissions: undefined } }, permissions);
add("another permission", "insufficient_permissions", { claims: { permissions: ["read:thing"] } }, permissions);
add("permissions as a text", "claim_invalid", { claims: { permissions: "read:things" } }, permissions);
add("permissions in an array of arrays", "claim_invalid", { claims: { permissions: [["read:things"]] } }, permissions);
const client = { expect: { clientId: CLIENT } };
add("another client", "client_mismatch", { claims: { azp: "other" } }, client);
add("no client", "claim_missing", { claims: { azp: undefined } }, client);
add("a client_id that says otherwise than azp", "client_mismatch", { claims: { client_id: "other" } }, client);
const organization = { expect: { organization: "org_1" } };
add("another organization", "organization_mismatch", { claims: { org_id: "org_2" } }, organization);
add("an organization in capitals", "organization_mismatch", { claims: { org_id: "ORG_1" } }, organization);
add("no organization", "claim_missing", { claims: { org_id: undefined } }, organization);
add("an organization's name for its id", "claim_missing", { claims: { org_id: undefined, org_name: "org_1" } }, organization);
add("org_id as an array", "claim_invalid", { claims: { org_id: ["org_1"] } }, organization);
add("another organization by name", "organization_mismatch", { claims: { org_name: "acme2" } }, { expect: { organization: "ACME" } });
add("another user", "subject_mismatch", { claims: { sub: "auth0|2" } }, { expect: { subject: "auth0|1" } });

// ID tokens.
const id = (expect, more) => ({ kind: "id", expect, ...more });
add("an access token for an ID token", "audience_mismatch", { claims: { aud: AUDIENCE } }, id());
add("another nonce", "nonce_mismatch", { claims: { nonce: "other" } }, id({ nonce: "the-nonce" }));
add("a nonce that begins so", "nonce_mismatch", { claims: { nonce: "the-nonce-" } }, id({ nonce: "the-nonce" }));
add("no nonce", "claim_missing", { claims: { nonce: undefined } }, id({ nonce: "the-nonce" }));
add("an empty nonce", "claim_invalid", { claims: { nonce: "" } }, id({ nonce: "the-nonce" }));
add("nonce as an array", "claim_invalid", { claims: { nonce: ["the-nonce"] } }, id({ nonce: "the-nonce" }));
add("another azp", "authorized_party_mismatch", { claims: { azp: "other" } }, id());
add("two audiences and no azp", "claim_missing", { claims: { aud: [CLIENT, "other"] } }, id(undefined, { good: { claims: { aud: [CLIENT, "other"], azp: CLIENT } } }));
add("two audiences and another azp", "authorized_party_mismatch", { claims: { aud: [CLIENT, "other"], azp: "other" } }, id());
add("azp as an array", "claim_invalid", { claims: { azp: [CLIENT] } }, id());
add("signed in too long ago", "auth_too_old", { claims: { auth_time: NOW - 361 } }, id({ maxAge: 300 }, { good: { claims: { auth_time: NOW - 360 } } }));
add("max_age 0, signed in a while ago", "auth_too_old", { claims: { auth_time: NOW - 61 } }, id({ maxAge: 0 }, { good: { claims: { auth_time: NOW - 60 } } }));
add("no auth_time", "claim_missing", { claims: { auth_time: undefined } }, id({ maxAge: 300 }));
add("max_age 0 and no auth_time", "claim_missing", { claims: { auth_time: undefined } }, id({ maxAge: 0 }, { good: { claims: { auth_time: NOW } } }));
add("auth_time in the future", "auth_time_in_future", { claims: { auth_time: NOW + 61 } }, id({ maxAge: 300 }));
add("auth_time as a text", "claim_invalid", { claims: { auth_time: String(NOW) } }, id());
add("another acr", "acr_mismatch", { claims: { acr: "urn:level:1" } }, id({ acr: ["urn:level:2", "urn:level:3"] }));
add("no acr", "claim_missing", { claims: { acr: undefined } }, id({ acr: ["urn:level:2"] }));
add("no second factor", "amr_mismatch", { claims: { amr: ["pwd"] } }, id({ amr: ["mfa"] }));
add("amr as a text", "claim_invalid", { claims: { amr: "mfa" } }, id({ amr: ["mfa"] }));
add("the organization present, and another", "organization_mismatch", { claims: { org_id: "org_9" } }, id({ organization: "org_1" }));
const atHash = "Rb2SbVD8LrvyqFhV2iX0yg";
// The first half of SHA-256 of "the-access-token" and of "the-code", below.
const half = (text) => createHash("sha256").update(text).digest().subarray(0, 16).toString("base64url");
const hashes = { at_hash: half("the-access-token"), c_hash: half("the-code") };
const withHashes = { good: { claims: hashes } };
add("at_hash of another token", "at_hash_mismatch", { claims: { ...hashes, at_hash: atHash } }, id({ accessToken: "the-access-token" }, withHashes));
add("at_hash of all of the digest", "at_hash_mismatch", { claims: { ...hashes, at_hash: createHash("sha256").update("the-access-token").digest("base64url") } }, id({ accessToken: "the-access-token" }, withHashes));
add("at_hash as a number", "claim_invalid", { claims: { ...hashes, at_hash: 1 } }, id({ accessToken: "the-access-token" }, withHashes));
add("c_hash of another code", "c_hash_mismatch", { claims: { ...hashes, c_hash: atHash } }, id({ code: "the-code" }, withHashes));
add("no c_hash", "claim_missing", { claims: { ...hashes, c_hash: undefined } }, id({ code: "the-code" }, withHashes));

// Logout tokens.
const logout = { kind: "logout" };
add("an ID token for a logout token", "claim_missing", { claims: { events: undefined } }, logout);
add("another event", "event_missing", { claims: { events: { "http://schemas.openid.net/event/other": {} } } }, logout);
add("events as a list", "claim_invalid", { claims: { events: [EVENT] } }, logout);
add("an event that is no object", "event_missing", { claims: { events: { [EVENT]: true } } }, logout);
add("a nonce", "nonce_present", { claims: { nonce: "n" } }, logout);
add("a nonce that is null", "nonce_present", { claims: { nonce: null } }, logout);
add("neither sub nor sid", "claim_missing", { claims: { sub: undefined, sid: undefined } }, logout);
add("no jti", "claim_missing", { claims: { jti: undefined } }, logout);
add("an empty jti", "claim_invalid", { claims: { jti: "" } }, logout);
add("a logout token for another client", "audience_mismatch", { claims: { aud: "other" } }, logout);
add("a logout token that has expired", "expired", { claims: { exp: NOW - 61 } }, logout);
cases.push({ name: "a logout token again", kind: "logout", code: "token_replayed", again: true, token: make({ kind: "logout" }), mended: make({ kind: "logout", claims: { jti: "logout-2" } }) });

const names = new Set(cases.map(({ name }) => name));
if (names.size !== cases.length) throw new Error("a name is there twice");
const about = "Written by make.mjs. Each token has one flaw and must be refused with the code; `mended` is the same without it, and must pass. See README.md.";
const file = { about, now: NOW, issuer: ISSUER, audience: AUDIENCE, clientId: CLIENT, jwks, cases };
writeFileSync(here("hostile.json"), `${JSON.stringify(file, null, 1)}\n`);
console.log(`${cases.length} tokens`);
