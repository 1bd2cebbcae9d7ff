// The steps by which a token is verified, each told by itself (RFC 7519, section 7.2; RFC 9068, section 4; OpenID Connect Core 1.0,
// section 3.1.3.7). It goes on after a step that fails, so that all that is wrong is seen: a program must not. What the package
// decides, it decides by itself; this is for people.

export interface Step {
  name: string;
  state: "good" | "bad" | "skipped";
  detail: string;
}

export interface Expected {
  issuer: string;
  /** Undefined: any. */
  audience: string | undefined;
  /** Of the login in this page, for its ID token. */
  nonce: string | undefined;
  keys: () => Promise<JsonWebKeyOfSet[]>;
  /** Seconds since the epoch. */
  now: number;
  /** Seconds. */
  leeway: number;
}

export interface JsonWebKeyOfSet extends JsonWebKey {
  kid?: string;
  use?: string;
}

export interface Decoded {
  header: Record<string, unknown>;
  claims: Record<string, unknown>;
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => {
  if (!/^[\w-]*$/.test(text)) throw new Error("not base64url");
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
};

const part = (text: string): Record<string, unknown> => {
  const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes(text)));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("not an object");
  return value as Record<string, unknown>;
};

export const decode = (token: string): Decoded | undefined => {
  try {
    const [header = "", claims = "", signature, more] = token.trim().split(".");
    if (signature === undefined || more !== undefined) return undefined;
    return { header: part(header), claims: part(claims) };
  } catch {
    return undefined;
  }
};

const ALGORITHMS: Record<string, { name: string; hash: string; saltLength?: number; namedCurve?: string }> = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  RS384: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" },
  RS512: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
  ES256: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
};

const shown = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");

export const verify = async (token: string, expected: Expected): Promise<Step[]> => {
  const steps: Step[] = [];
  const tell = (name: string, state: Step["state"], detail: string) => steps.push({ name, state, detail });
  const judge = (name: string, good: boolean, right: string, wrong: string) => tell(name, good ? "good" : "bad", good ? right : wrong);
  const decoded = decode(token);
  if (!decoded) {
    tell("Form", "bad", "not a JWT: three parts in base64url, the first two of them JSON objects. An opaque token cannot be verified here");
    return steps;
  }
  const { header, claims } = decoded;
  tell("Form", "good", "three parts, and both JSON objects can be read");

  const alg = String(header.alg);
  const algorithm = ALGORITHMS[alg];
  judge("Algorithm", algorithm !== undefined, `${alg} is allowed`, `${alg} is not allowed here: what the token says is never simply believed`);
  judge("Extensions", header.crit === undefined, "the header has none that are critical", "the header has critical extensions that are not understood");

  let key: JsonWebKeyOfSet | undefined;
  try {
    const keys = await expected.keys();
    key = keys.find((one) => one.kid === header.kid && (one.use ?? "sig") === "sig" && (one.alg ?? alg) === alg);
    judge("Key", key !== undefined, `${String(header.kid)} is a key of the tenant`, `no key of the tenant is named ${String(header.kid)}`);
  } catch (thrown) {
    tell("Key", "bad", `the tenant's keys could not be got: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if (key && algorithm) {
    const [first = "", second = "", third = ""] = token.trim().split(".");
    let good = false;
    try {
      const { kty, n, e, crv, x, y } = key;
      const imported = await crypto.subtle.importKey("jwk", { kty, n, e, crv, x, y } as JsonWebKey, algorithm, false, ["verify"]);
      good = await crypto.subtle.verify(algorithm, imported, bytes(third), new TextEncoder().encode(`${first}.${second}`));
    } catch {
      // A key or a signature that WebCrypto does not take verifies nothing.
    }
    judge("Signature", good, "made with that key, over just these bytes", "does not fit these bytes and that key");
  } else {
    tell("Signature", "bad", "cannot be checked without the key");
  }

  judge("Issuer", claims.iss === expected.issuer, String(claims.iss), `is ${JSON.stringify(claims.iss)}, expected ${JSON.stringify(expected.issuer)}`);
  const audiences = [claims.aud].flat();
  if (expected.audience === undefined) tell("Audience", "skipped", `${audiences.join(", ")}; none was asked for`);
  else judge("Audience", audiences.includes(expected.audience), expected.audience, `is ${JSON.stringify(claims.aud)}, and ${JSON.stringify(expected.audience)} is not in it`);
  judge("Subject", typeof claims.sub === "string" && claims.sub !== "", String(claims.sub), "there is none");

  const { exp, iat, nbf, nonce } = claims;
  if (typeof exp !== "number") tell("Expiry", "bad", "there is none");
  else judge("Expiry", expected.now < exp + expected.leeway, `good until ${shown(exp)}`, `expired at ${shown(exp)}`);
  if (typeof iat !== "number") tell("Issued", "bad", "it is not said when");
  else judge("Issued", iat <= expected.now + expected.leeway, `at ${shown(iat)}`, `${shown(iat)} is in the future`);
  if (nbf !== undefined) judge("Not before", typeof nbf === "number" && nbf <= expected.now + expected.leeway, `since ${shown(Number(nbf))}`, "the token is not valid yet");
  if (expected.nonce !== undefined) judge("Nonce", nonce === expected.nonce, "is the one of this login", "is not the one of this login: the token was made for another");
  else if (nonce !== undefined) tell("Nonce", "skipped", "there is no login in this page to compare it with");
  return steps;
};
