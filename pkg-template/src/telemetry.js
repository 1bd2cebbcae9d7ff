// The value of the Auth0-Client header: which client, in which version, in which runtime.

const runtime = () => {
  const { navigator, Deno, Bun, process, EdgeRuntime, window, importScripts } = globalThis;
  if (navigator?.userAgent === "Cloudflare-Workers") return { "cloudflare-workers": "unknown" };
  if (EdgeRuntime) return { "edge-runtime": "unknown" };
  if (Deno?.version) return { deno: Deno.version.deno };
  if (Bun?.version) return { bun: Bun.version };
  if (process?.versions?.node) return { node: process.versions.node };
  if (window?.document) return { browser: navigator?.userAgent ?? "unknown" };
  if (importScripts) return { "web-worker": "unknown" };
  return { unknown: "unknown" };
};

export const telemetryHeader = ({ telemetry, clientInfo }) => {
  const info = clientInfo ?? { name: "auth0-sdk", version: VERSION, env: runtime() };
  if (telemetry === false || !info.name) return undefined;
  const bytes = new TextEncoder().encode(JSON.stringify(info));
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};
