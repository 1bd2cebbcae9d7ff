// The token of a Management client that proves who it is by a key or a certificate: asked for through the Authentication API.
import { AuthContext, send, share } from "./auth-call.js";

// A kept token is not used in the last seconds of its life, in milliseconds.
const MARGIN = 30000;

// A function that gives the token, kept until shortly before it expires; calls at the same time make one request.
export const machineToken = (options) => {
  const { audience, organization, timeoutInSeconds = 60, maxRetries } = options;
  // The client's own headers are those of the Management API.
  const context = new AuthContext({ ...options, headers: undefined, timeoutDuration: timeoutInSeconds * 1000, retry: { maxRetries } });
  let kept;
  const good = () => kept && Date.now() + MARGIN < kept.until;
  const buy = async () => {
    // Another one has bought while this one waited for a third.
    if (good()) return kept;
    const asked = Date.now();
    const { data } = await send(context, "oauth.clientCredentialsGrant", { audience: audience ?? `${context.origin}/api/v2/`, organization });
    // Without a lifetime it is used once.
    kept = { token: data?.access_token, until: asked + (Number(data?.expires_in) || 0) * 1000 };
    return kept;
  };
  return async () => (good() ? kept : await share(context.flights, "", buy, true)).token;
};
