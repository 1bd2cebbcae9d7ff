// Cookies that only this Worker reads and writes: AES-256-GCM under the secret COOKIE_KEY. The name is authenticated with the value, so
// that none passes for another, and so is the time of its end.
import { bytes } from "./auth0.js";

// A cookie so named is sent to this host alone, over TLS, and no other host can set it (RFC 6265bis, section 4.1.3.2).
const PREFIX = "__Host-";
const utf8 = (text) => new TextEncoder().encode(text);
const toText = (data) => btoa(String.fromCharCode(...data)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

let imported;
const keyOf = (env) => (imported ??= crypto.subtle.importKey("raw", bytes(env.COOKIE_KEY), "AES-GCM", false, ["encrypt", "decrypt"]));
const cipher = (iv, name) => ({ name: "AES-GCM", iv, additionalData: utf8(name) });

/** The header `Set-Cookie` of a value that is good for so many seconds. */
export const seal = async (env, name, value, seconds) => {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = JSON.stringify({ value, until: Date.now() + seconds * 1000 });
  const sealed = new Uint8Array(await crypto.subtle.encrypt(cipher(iv, name), await keyOf(env), utf8(text)));
  const cookie = `${PREFIX}${name}=${toText([...iv, ...sealed])}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${seconds}`;
  // Browsers drop what is longer, without a word.
  if (cookie.length > 4096) throw new Error(`the cookie ${name} is too long`);
  return cookie;
};

/** The value of a cookie; nothing when there is none, when it has ended, or when this Worker did not make it. */
export const open = async (env, name, request) => {
  const all = (request.headers.get("cookie") ?? "").split(/; */);
  const text = all.find((cookie) => cookie.startsWith(`${PREFIX}${name}=`))?.slice(PREFIX.length + name.length + 1);
  if (!text) return undefined;
  try {
    const data = bytes(text.replace(/-/g, "+").replace(/_/g, "/"));
    const plain = await crypto.subtle.decrypt(cipher(data.slice(0, 12), name), await keyOf(env), data.slice(12));
    const { value, until } = JSON.parse(new TextDecoder().decode(plain));
    return Date.now() < until ? value : undefined;
  } catch {
    // Garbage, or of another key: that browser is simply not logged in.
    return undefined;
  }
};

export const clear = (name) => `${PREFIX}${name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`;
