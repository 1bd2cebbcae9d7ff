// RequestGuard: a Request comes in; claims, or a Response that refuses it, come out.
import { checkRights, list } from "./claims.js";
import { checkProof } from "./dpop.js";
import { ASYMMETRIC, isText, now, refuse, same, TokenError } from "./jose.js";

const MODES = ["off", "allowed", "required"];
const [OFF, , REQUIRED] = MODES;

// What of the server, and not of the request, is at fault.
const OURS = ["config", "keys_unavailable", "keys_malformed", "algorithm_unsupported"];
// The error's name and the status (RFC 6750, section 3.1; RFC 9449, section 7.1): without credentials there is no error.
const answerOf = (code) =>
  code === "token_missing" ? [401, ""]
  : code === "request_malformed" ? [400, "invalid_request"]
  : /^insufficient_/.test(code) ? [403, "insufficient_scope"]
  : /^dpop_(proof|replayed)/.test(code) ? [401, "invalid_dpop_proof"]
  : [401, code === "use_dpop_nonce" ? code : "invalid_token"];

// What RFC 6750, section 3, lets stand between quotation marks.
const quotable = (text) => text.replace(/"/g, "'").replace(/\\/g, "/").replace(/[^ -~]/gu, "?");

// The token and the proof of a request (RFC 6750, section 2.1; RFC 9449, section 7.1). A token in a form or in a query is not looked at:
// section 5.3 of RFC 6750 says why.
const credentials = (authorization, proof, mode) => {
  const [scheme, ...rest] = (authorization ?? "").split(" ");
  const token = rest.join(" ").trim();
  const dpop = /^dpop$/i.test(scheme) && mode !== OFF;
  if (!dpop && !/^bearer$/i.test(scheme)) refuse("token_missing", "the request has no token");
  // b64token of RFC 6750, section 2.1. Two headers come as one, with a comma.
  if (!/^[\w.~+/=-]+$/.test(token)) refuse("request_malformed", "the header Authorization has no token, or more than one");
  if (dpop) return { token, proof: proof ?? "" };
  if (mode === REQUIRED) refuse("dpop_required", "DPoP is required");
  return { token };
};

export class RequestGuard {
  #verifier;
  #options;
  #mode;

  // `options`: what every token must have (scopes, permissions, organization, clientId), `dpop` ("off", "allowed", "required"),
  // `realm`.
  constructor(verifier, options = {}) {
    if (typeof verifier?.verifyAccessToken !== "function") refuse("config", "RequestGuard needs a TokenVerifier");
    this.#mode = options.dpop ?? "allowed";
    if (!MODES.includes(this.#mode)) refuse("config", 'dpop is "off", "allowed" or "required"');
    this.#verifier = verifier;
    this.#options = { ...options };
  }

  // `{ claims, token }`, or `{ response, error }`. `url` is the request's as the client sees it, where a proxy changes it.
  async check(request, { url = request.url, dpopNonce, certificate } = {}) {
    const verifier = this.#verifier;
    let found;
    try {
      found = credentials(request.headers.get("authorization"), request.headers.get("dpop"), this.#mode);
      const { token, proof } = found;
      if (proof === "") refuse("dpop_proof_invalid", "the request has no header DPoP");
      // Whether the caller may is asked after whether it is the caller.
      const claims = await verifier.verifyAccessToken(token, { ...this.#options, scopes: undefined, permissions: undefined });
      const { cnf } = claims;
      const [jkt, bound] = [cnf?.jkt, cnf?.["x5t#S256"]].map((value) => (isText(value) ? value : undefined));
      if (proof === undefined && jkt !== undefined) refuse("dpop_required", "the token is bound to a key, and has no proof");
      if (proof !== undefined && jkt === undefined) refuse("dpop_binding_mismatch", "the token is not bound to a key, and has a proof");
      if (bound !== undefined && !(isText(certificate) && same(certificate, bound))) refuse("certificate_mismatch", "the token is bound to a certificate that was not shown");
      if (cnf !== undefined && jkt === undefined && bound === undefined) refuse("confirmation_unsupported", "the token is bound in an unknown way");
      if (proof !== undefined) {
        const { leeway } = verifier;
        await checkProof(proof, jkt, { method: request.method, url, token, nonce: dpopNonce, time: now(verifier.now), leeway, first: (key, ends) => verifier.first(key, ends) });
      }
      checkRights(claims, this.#options);
      return { claims, token };
    } catch (error) {
      return { response: this.#refuse(error, found, dpopNonce), error };
    }
  }

  #refuse(error, found, nonce) {
    const { scopes, realm } = this.#options;
    const headers = new Headers({ "cache-control": "no-store" });
    const { code, message } = error;
    if (!(error instanceof TokenError) || OURS.includes(code)) return new Response(null, { status: 503, headers });
    const [status, word] = answerOf(code);
    const about = found?.proof !== undefined;
    const challenge = (scheme, tried) => {
      const parts = [];
      const say = (name, value) => value && parts.push(`${name}="${quotable(value)}"`);
      say("realm", realm);
      if (tried && word) {
        say("error", word);
        say("error_description", message);
      }
      if (word === "insufficient_scope") say("scope", list(scopes).join(" "));
      if (scheme === "DPoP") say("algs", ASYMMETRIC.join(" "));
      headers.append("www-authenticate", `${scheme} ${parts.join(", ")}`.trim());
    };
    const bearer = () => this.#mode !== REQUIRED && challenge("Bearer", !about);
    const dpop = () => this.#mode !== OFF && challenge("DPoP", about || this.#mode === REQUIRED);
    for (const one of about ? [dpop, bearer] : [bearer, dpop]) one();
    if (code === "use_dpop_nonce" && nonce) headers.set("dpop-nonce", nonce);
    return new Response(null, { status, headers });
  }
}
