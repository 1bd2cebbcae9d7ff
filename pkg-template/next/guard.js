// RequestGuard: a Request comes in; claims, or a Response that refuses it, come out.
import { ask, core, Judge, TokenError } from "./crypto.js";
import { TokenVerifier } from "./verify.js";

const MODES = { off: 0, allowed: 1, required: 2 };

export class RequestGuard {
  #verifier;
  #options;
  #mode;

  // `options`: what every token must have (scopes, permissions, organization, clientId), `dpop` ("off", "allowed", "required"),
  // `realm`.
  constructor(verifier, options = {}) {
    if (!(verifier instanceof TokenVerifier)) throw new TokenError("config", "RequestGuard needs a TokenVerifier");
    this.#mode = MODES[options.dpop ?? "allowed"];
    if (this.#mode === undefined) throw new TokenError("config", 'dpop is "off", "allowed" or "required"');
    this.#verifier = verifier;
    this.#options = { ...options };
  }

  // `{ claims, token }`, or `{ response, error }`. `url` is the request's as the client sees it, where a proxy changes it.
  async check(request, { url = request.url, dpopNonce, certificate } = {}) {
    await core();
    const { scopes = [], realm } = this.#options;
    let token, proof;
    try {
      const found = ask(() => Judge.credentials(request.headers.get("authorization") ?? undefined, request.headers.get("dpop") ?? undefined, this.#mode));
      if (!found) throw new TokenError("token_missing", "the request has no token");
      [token, proof] = found.split("\n");
      let rights, claims;
      try {
        claims = await this.#verifier.verifyAccessToken(token, this.#options);
      } catch (error) {
        // Whether the caller may is told after whether it is the caller.
        if (!/^insufficient_/.test(error.code)) throw error;
        rights = error;
        claims = await this.#verifier.verifyAccessToken(token, { ...this.#options, scopes: [], permissions: [] });
      }
      const { cnf } = claims;
      const text = (value) => (typeof value === "string" ? value : undefined);
      const jkt = text(cnf?.jkt);
      ask(() => Judge.confirm(Boolean(proof), jkt, text(cnf?.["x5t#S256"]), cnf !== undefined, certificate));
      if (proof) await this.#verifier.prove(proof, jkt, { method: request.method, url, token, nonce: dpopNonce });
      if (rights) throw rights;
      return { claims, token };
    } catch (error) {
      // What is not about the token is this server's own fault.
      const ours = !(error instanceof TokenError) || error.code === "config";
      if (!(error instanceof TokenError)) error.code ??= "internal";
      const [status, ...challenges] = Judge.refusal(`${error.code}\n${error.message}`, !ours, [].concat(scopes).join(" "), realm, this.#mode, Boolean(proof)).split("\n");
      const headers = new Headers({ "cache-control": "no-store" });
      for (const challenge of challenges) if (challenge) headers.append("www-authenticate", challenge);
      if (error.code === "use_dpop_nonce" && dpopNonce) headers.set("dpop-nonce", dpopNonce);
      return { response: new Response(null, { status: Number(status), headers }), error };
    }
  }
}
