// The call that a form makes, as a program would make it.
import type { Type, Types } from "./schema";
import { resolve } from "./schema";

export interface Call {
  id: string;
  method: string;
  path: string;
  /** Path arguments, in order. */
  ids: string[];
  query: Record<string, unknown>;
  queryTypes: Record<string, { type: Type; required: boolean }>;
  types: Types;
  body: unknown;
  hasBody: boolean;
  multipart: boolean;
  bodyOptional: boolean;
  paged: boolean;
  rust: { call: string; body?: string; module?: string; query?: Record<string, string> };
  domain: string;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** A value as JavaScript writes it, short ones on one line. */
export const literal = (value: unknown, indent = ""): string => {
  if (!isRecord(value) && !Array.isArray(value)) return JSON.stringify(value) ?? "undefined";
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((item) => literal(item, inner))
    : Object.entries(value).map(([key, item]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${literal(item, inner)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (parts.length === 0) return open + close;
  const line = Array.isArray(value) ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
  if (line.length + indent.length <= 72 && !line.includes("\n")) return line;
  return `${open}\n${parts.map((part) => inner + part).join(",\n")},\n${indent}${close}`;
};

export const typescript = (call: Call): string => {
  const request = call.hasBody && !(isRecord(call.body) && Object.keys(call.query).length) ? call.body : { ...call.query, ...(isRecord(call.body) ? call.body : {}) };
  const file = call.multipart && isRecord(request) ? literal({ ...request, users: "\0" }).replace('"\\u0000"', "new Blob([text])") : undefined;
  const needed = call.hasBody ? request !== undefined : Object.keys(call.query).length > 0;
  const args = [...call.ids.map((id) => JSON.stringify(id)), ...(needed ? [file ?? literal(request)] : [])].join(", ");
  const invoke = `await auth0.${call.id}(${args})`;
  const use = call.paged ? `for await (const item of ${invoke}) console.log(item);` : call.method === "DELETE" ? `${invoke};` : `const answer = ${invoke};`;
  return `import { ManagementClient } from "auth0-sdk";\n\nconst auth0 = new ManagementClient({ domain: ${JSON.stringify(call.domain)}, clientId, clientSecret });\n\n${use}\n`;
};

const text = (value: string): string => (/["\\]/.test(value) && !value.includes('"#') ? `r#"${value}"#` : JSON.stringify(value).replace(/\\u([0-9a-f]{4})/g, "\\u{$1}"));

const rustValue = (value: unknown, type: Type, types: Types): string => {
  if (Array.isArray(value)) return `[${value.map((item) => rustValue(item, resolve(type, types).items ?? "any", types)).join(", ")}]`;
  if (typeof value === "string") return text(value);
  return isRecord(value) ? `serde_json::json!(${JSON.stringify(value)})` : String(value);
};

// The builder takes an origin only where it is no plain domain.
export const rust = (call: Call): string => {
  const given = Object.entries(call.query);
  const args = call.ids.map(text);
  let setters = "";
  for (const [name, value] of given) {
    const { type = "any", required = false } = call.queryTypes[name] ?? {};
    const written = rustValue(value, type, call.types);
    if (required) args.push(written);
    else setters += `\n    .${call.rust.query?.[name] ?? name}(${written})`;
  }
  let before = "";
  if (call.multipart) {
    const texts = isRecord(call.body) ? Object.entries(call.body).filter(([name]) => name !== "users") : [];
    const form = texts.map(([name, value]) => `.text(${text(name)}, ${text(String(value))})`).join("");
    return `use auth0_sdk::Multipart;\n\nlet form = Multipart::new()${form}\n    .file("users", "users.json", "application/json", std::fs::read("users.json")?);\nlet job = auth0.operation(${JSON.stringify(call.id)}).multipart(&form).await?;\n`;
  }
  if (call.hasBody && call.rust.body) {
    const type = call.rust.body.replace(/\bJson\b/, "serde_json::Value");
    const name = type.replace(/^Vec<(.*)>$/, "$1");
    // What is made of the standard library's types alone needs no import but that of the map.
    const imported = /^\w+$/.test(name) ? (name === "String" ? "" : `use auth0_sdk::management::${call.rust.module}::${name};\n`) : type.startsWith("BTreeMap") ? "use std::collections::BTreeMap;\n" : "";
    before = `${imported}use serde_json::{from_value, json};\n\nlet body: ${type} = from_value(json!(${JSON.stringify(call.body ?? {}, undefined, 4)}))?;\n`;
    args.push(call.bodyOptional ? "Some(body)" : "body");
  }
  const invoke = `auth0.${call.rust.call}(${args.join(", ")})${setters}`;
  if (call.paged) return `${before}let mut items = ${invoke}${setters ? "\n    " : ""}.items();\nwhile let Some(item) = items.next().await {\n    println!("{:?}", item?);\n}\n`;
  return `${before}${call.method === "DELETE" ? "" : "let answer = "}${invoke}${setters ? "\n    " : ""}.await?;\n`;
};

const shell = (value: string): string => `'${value.replace(/'/g, "'\\''")}'`;

/** The query as the package writes it: an array repeats the name. */
export const queryText = (query: Record<string, unknown>): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((item) => `${encodeURIComponent(name)}=${encodeURIComponent(typeof item === "object" ? JSON.stringify(item) : String(item))}`));
  return pairs.length ? `?${pairs.join("&")}` : "";
};

export const urlOf = (call: Pick<Call, "domain" | "path" | "ids" | "query">): string => {
  let index = 0;
  const path = call.path.replace(/\{[^}]+\}/g, () => encodeURIComponent(call.ids[index++] ?? ""));
  const origin = /^https?:/.test(call.domain) ? call.domain : `https://${call.domain}`;
  return `${origin}/api/v2${path}${queryText(call.query)}`;
};

export const curl = (call: Call): string => {
  const lines = [`curl ${call.method === "GET" ? "" : `-X ${call.method} `}${shell(urlOf(call))}`, `-H "Authorization: Bearer $TOKEN"`];
  if (call.multipart && isRecord(call.body)) {
    for (const [name, value] of Object.entries(call.body)) lines.push(name === "users" ? "-F users=@users.json" : `-F ${shell(`${name}=${String(value)}`)}`);
  } else if (call.hasBody) {
    lines.push("-H 'Content-Type: application/json'", `--data ${shell(JSON.stringify(call.body ?? {}))}`);
  }
  return `${lines.join(" \\\n  ")}\n`;
};
