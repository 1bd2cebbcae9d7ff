// The call that a form makes, as a program would make it: whole, so that it runs where it is pasted.
import type { Detail, Operation } from "./api";
import type { Reading } from "./draft";
import { membersOf, resolve, type Type, type Types } from "./schema";

export interface Call {
  operation: Operation;
  detail: Detail;
  types: Types;
  /** Path arguments, in order. */
  ids: string[];
  query: Record<string, unknown>;
  hasBody: boolean;
  body: unknown;
  domain: string;
}

export const callOf = (operation: Operation, detail: Detail, types: Types, ids: string[], { values, body, wantsBody }: Pick<Reading, "values" | "body" | "wantsBody">, domain: string): Call => ({ operation, detail, types, ids, query: values, hasBody: wantsBody, body, domain });

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Of a multipart body the one part that is a file. */
const FILE = "users";

/** A call of which something is to be used. */
const hasAnswer = ({ operation, detail }: Call): boolean => operation.method !== "DELETE" || !detail.statuses.includes(204);

// --- TypeScript ---

// `__proto__` as a plain name would be no member.
const key = (name: string): string => (name === "__proto__" ? '["__proto__"]' : /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

/** Code in the place of a value. */
class Code {
  constructor(readonly text: string) {}
}

/** A value as JavaScript writes it, short ones on one line. */
export const literal = (value: unknown, indent = ""): string => {
  if (value instanceof Code) return value.text;
  if (!isRecord(value) && !Array.isArray(value)) return JSON.stringify(value) ?? "undefined";
  const inner = `${indent}  `;
  const isArray = Array.isArray(value);
  const parts = isArray ? value.map((item) => literal(item, inner)) : Object.entries(value).map(([name, item]) => `${key(name)}: ${literal(item, inner)}`);
  const [open, close] = isArray ? ["[", "]"] : ["{", "}"];
  if (parts.length === 0) return open + close;
  const line = isArray ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
  if (line.length + indent.length <= 72 && !line.includes("\n")) return line;
  return `${open}\n${parts.map((part) => inner + part).join(",\n")},\n${indent}${close}`;
};

export const typescript = (call: Call): string => {
  const { operation, detail, ids, query, hasBody, body, domain } = call;
  let request = hasBody && !(isRecord(body) && Object.keys(query).length) ? body : { ...query, ...(isRecord(body) ? body : {}) };
  if (detail.multipart && isRecord(request)) request = { ...request, [FILE]: new Code("new Blob([text])") };
  const needed = hasBody ? request !== undefined : Object.keys(query).length > 0;
  const invoke = `await auth0.${operation.id}(${[...ids.map((id) => JSON.stringify(id)), ...(needed ? [literal(request)] : [])].join(", ")})`;
  const each = detail.stream ? "event" : detail.paging !== undefined ? "item" : undefined;
  const use = each ? `for await (const ${each} of ${invoke}) console.log(${each});` : hasAnswer(call) ? `const answer = ${invoke};` : `${invoke};`;
  const file = detail.multipart ? `const text = JSON.stringify(users);\n` : "";
  return `import { ManagementClient } from "auth0-sdk";\n\nconst auth0 = new ManagementClient({ domain: ${JSON.stringify(domain)}, clientId, clientSecret });\n\n${file}${use}\n`;
};

// --- Rust ---

// JSON's escapes are not Rust's, and rustc refuses signs that turn the direction of writing.
const text = (value: string): string => {
  const plain = !/[\u0000-\u001f\u007f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(value);
  if (plain && /["\\]/.test(value)) return raw(value);
  const escaped = [...value].map((c) => (/["\\]/.test(c) ? `\\${c}` : c === "\n" ? "\\n" : /[\u0000-\u001f\u007f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(c) ? `\\u{${c.charCodeAt(0).toString(16)}}` : c));
  return `"${escaped.join("")}"`;
};

const raw = (value: string): string => {
  let hashes = "#";
  while (value.includes(`"${hashes}`)) hashes += "#";
  return `r${hashes}"${value}"${hashes}`;
};

/** JSON in a raw text: what Rust would not take as it is, JSON can escape. */
const json = (value: unknown): string =>
  raw(JSON.stringify(value, undefined, 4).replace(/[\u007f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`));

const rustValue = (value: unknown, type: Type, types: Types): string => {
  const facets = resolve(type, types);
  if (Array.isArray(value)) return `[${value.map((item) => rustValue(item, facets.items ?? "any", types)).join(", ")}]`;
  if (typeof value === "string") return text(value);
  if (typeof value === "number" && facets.type === "number") return Number.isInteger(value) ? `${value}.0` : String(value);
  return isRecord(value) ? `serde_json::from_str::<serde_json::Value>(${json(value)})?` : String(value);
};

export const rust = (call: Call): string => {
  const { operation, detail, types, ids, query, hasBody, body, domain } = call;
  const uses = new Set(["use auth0_sdk::ManagementClient;"]);
  const client = `let auth0 = ManagementClient::builder(${text(domain)}).client_credentials(client_id, client_secret).build()?;\n\n`;
  const whole = (code: string) => `${[...uses].join("\n")}\n\n${client}${code}`;
  if (detail.multipart) {
    uses.clear();
    uses.add("use auth0_sdk::{ManagementClient, Multipart};");
    const texts = isRecord(body) ? Object.entries(body).filter(([name]) => name !== FILE) : [];
    const form = texts.map(([name, value]) => `\n    .text(${text(name)}, ${text(String(value))})`).join("");
    return whole(`let form = Multipart::new()${form}\n    .file("${FILE}", "users.json", "application/json", std::fs::read("users.json")?);\nlet answer = auth0.operation(${text(operation.id)}).multipart(&form).await?;\n`);
  }
  const declared = new Map(membersOf(detail.query).map((member) => [member.name, member]));
  const args = ids.map(text);
  let setters = "";
  for (const [name, value] of Object.entries(query)) {
    const { type, required } = declared.get(name) ?? { type: "any", required: false };
    const written = rustValue(value, type, types);
    if (required) args.push(written);
    else setters += `\n    .${detail.rust.query?.[name] ?? name}(${written})`;
  }
  let before = "";
  if (hasBody && detail.rust.body) {
    const type = detail.rust.body.replace(/\bJson\b/, "serde_json::Value");
    const name = type.replace(/^Vec<(.*)>$/, "$1");
    // What is made of the standard library's types alone needs no import but that of the map.
    if (type.startsWith("BTreeMap")) uses.add("use std::collections::BTreeMap;");
    else if (/^\w+$/.test(name) && name !== "String") uses.add(`use auth0_sdk::management::${detail.rust.module}::${name};`);
    before = `let body: ${type} = serde_json::from_str(${json(body ?? {})})?;\n`;
    args.push(detail.bodyOptional ? "Some(body)" : "body");
  } else if (detail.rust.body) {
    args.push("None");
  }
  const line = setters ? "\n    " : "";
  const invoke = `auth0.${detail.rust.call}(${args.join(", ")})${setters}${line}`;
  const [all, each] = detail.stream ? ["events", "event"] : detail.paging !== undefined ? ["items", "item"] : [];
  if (all) return whole(`${before}let mut ${all} = ${invoke}.${all}();\nwhile let Some(${each}) = ${all}.next().await {\n    println!("{:?}", ${each}?);\n}\n`);
  const answer = hasAnswer(call) ? "let answer = " : "";
  return whole(`${before}${answer}${invoke}.await?;\n`);
};

// --- curl ---

const shell = (value: string): string => `'${value.replace(/'/g, "'\\''")}'`;

/** The query as the package writes it: an array repeats the name. */
export const queryText = (query: Record<string, unknown>): string => {
  const pairs = Object.entries(query).flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((item) => `${encodeURIComponent(name)}=${encodeURIComponent(typeof item === "object" ? JSON.stringify(item) : String(item))}`));
  return pairs.length ? `?${pairs.join("&")}` : "";
};

export const urlOf = ({ operation, ids, query, domain }: Call): string => {
  let index = 0;
  const path = operation.path.replace(/\{[^}]+\}/g, () => encodeURIComponent(ids[index++] ?? ""));
  const origin = /^https?:/.test(domain) ? domain : `https://${domain}`;
  return `${origin}/api/v2${path}${queryText(query)}`;
};

export const curl = (call: Call): string => {
  const { operation, detail, hasBody, body } = call;
  const method = operation.method === "GET" && !hasBody ? "" : `-X ${operation.method} `;
  const lines = [`curl ${method}${shell(urlOf(call))}`, `-H "Authorization: Bearer $TOKEN"`];
  if (detail.multipart && isRecord(body)) {
    // As a form's text, which curl does not take for the name of a file.
    for (const [name, value] of Object.entries(body)) lines.push(name === FILE ? `-F ${FILE}=@users.json` : `--form-string ${shell(`${name}=${String(value)}`)}`);
  } else if (hasBody) {
    lines.push("-H 'Content-Type: application/json'", `--data-raw ${shell(JSON.stringify(body ?? {}))}`);
  }
  return `${lines.join(" \\\n  ")}\n`;
};
