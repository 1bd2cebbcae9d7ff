// The types of the API's description, as api/src/types.rs writes them: what a form shows of them, and what a value lacks.

export interface Facets {
  type?: string;
  enum?: string[];
  const?: unknown;
  oneOf?: Type[];
  anyOf?: Type[];
  discriminator?: string;
  items?: Type;
  extends?: string[];
  properties?: Record<string, Type>;
  extra?: false | Type;
  min?: number;
  max?: number;
  unique?: boolean;
  pattern?: string;
  format?: string;
  nullable?: boolean;
  readOnly?: boolean;
  deprecated?: boolean;
  stage?: string;
  default?: unknown;
}

/** A short form (`"string"`, `"[T]"`, `"T?"`), or an object with facets. */
export type Type = string | Facets;
export type Types = Record<string, Type>;

export interface Member {
  name: string;
  required: boolean;
  type: Type;
}

export interface Issue {
  /** As in `$.user_metadata.age`. */
  path: string;
  message: string;
  /** What is only a hint does not make the value wrong. */
  hint?: boolean;
}

const PLAIN = new Set(["string", "integer", "number", "boolean", "any", "array", "object"]);

const shortForm = (text: string): Facets => {
  if (text.endsWith("?")) return { ...shortForm(text.slice(0, -1)), nullable: true };
  if (text.startsWith("[")) return { type: "array", items: text.slice(1, -1) };
  if (text.startsWith("{")) return { type: "object", extra: text.slice(1, -1) };
  return { type: text };
};

/** Follows names until something else is reached. Null is allowed where any step allows it. */
export const resolve = (type: Type, types: Types): Facets => {
  let facets = typeof type === "string" ? shortForm(type) : type;
  let nullable = facets.nullable;
  const { readOnly, stage, deprecated } = facets;
  // Only the names of the description are followed, and never more than there are.
  for (let step = 0; step < 64 && facets.type && !PLAIN.has(facets.type); step++) {
    const text = facets.type;
    const next: Type = types[text] ?? (/^[[{]|\?$/.test(text) ? shortForm(text) : "any");
    facets = typeof next === "string" ? shortForm(next) : next;
    nullable ||= facets.nullable;
  }
  return { ...facets, nullable, readOnly: facets.readOnly ?? readOnly, stage: facets.stage ?? stage, deprecated: facets.deprecated ?? deprecated };
};

export const membersOf = (properties: Record<string, Type> | undefined): Member[] =>
  Object.entries(properties ?? {}).map(([key, type]) => ({ name: key.replace(/\?$/, ""), required: !key.endsWith("?"), type }));

/** The members of an object, with those of the types that it extends. */
export const allMembers = (facets: Facets, types: Types): Member[] => {
  const all = new Map<string, Member>();
  const own = [...(facets.extends ?? []).flatMap((base) => allMembers(resolve(base, types), types)), ...membersOf(facets.properties)];
  for (const member of own) all.set(member.name, { ...member, required: member.required || (all.get(member.name)?.required ?? false) });
  return [...all.values()];
};

/** A type in a few words. */
export const describe = (type: Type, types: Types): string => {
  const facets = resolve(type, types);
  const base = () => {
    if (facets.enum) return facets.enum.length > 4 ? `one of ${facets.enum.length} values` : facets.enum.map((value) => JSON.stringify(value)).join(" | ");
    if (facets.const !== undefined) return JSON.stringify(facets.const);
    if (facets.oneOf ?? facets.anyOf) return `one of ${(facets.oneOf ?? facets.anyOf)?.length} shapes`;
    if (facets.type === "array") return `array of ${describe(facets.items ?? "any", types)}`;
    if (facets.format) return `string (${facets.format})`;
    return facets.type ?? "any";
  };
  const limits = facets.min !== undefined || facets.max !== undefined ? `, ${facets.min ?? ""}…${facets.max ?? ""}` : "";
  return base() + limits + (facets.nullable ? " or null" : "");
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

const nameOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "an array" : isObject(value) ? "an object" : `a ${typeof value}`);

const regular = (pattern: string): RegExp | undefined => {
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // A pattern in another dialect: the server judges it.
    }
  }
  return undefined;
};

const FORMATS: Record<string, (text: string) => boolean> = {
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  uri: (text) => URL.canParse(text),
  url: (text) => URL.canParse(text),
  "date-time": (text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)),
};

const within = (size: number, { min, max }: Facets, what: string): string | undefined => {
  const said = (limit: number) => `${limit}${limit === 1 ? what.replace(/s$/, "") : what}`;
  if (min !== undefined && size < min) return `at least ${said(min)}`;
  if (max !== undefined && size > max) return `at most ${said(max)}`;
  return undefined;
};

const member = (path: string, name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`);

/** What is wrong with a value. */
export const check = (value: unknown, type: Type, types: Types, path = "$", depth = 0): Issue[] => {
  const facets = resolve(type, types);
  const wrong = (message: string, hint = false): Issue[] => [{ path, message, hint }];
  if (depth > 40) return [];
  if (value === null && (facets.nullable || facets.type === "any")) return [];
  if (facets.enum) {
    if (typeof value !== "string") return wrong(`must be a string, not ${nameOf(value)}`);
    return facets.enum.includes(value) ? [] : wrong(`${JSON.stringify(value)} is none of the known values: ${facets.enum.slice(0, 8).join(", ")}${facets.enum.length > 8 ? ", …" : ""}`, true);
  }
  if (facets.const !== undefined) return JSON.stringify(value) === JSON.stringify(facets.const) ? [] : wrong(`must be ${JSON.stringify(facets.const)}`);
  const variants = facets.oneOf ?? facets.anyOf;
  if (variants) {
    const results = variants.map((variant) => check(value, variant, types, path, depth + 1).filter((issue) => !issue.hint));
    if (results.some((issues) => issues.length === 0)) return [];
    // The variant that is nearest has the most to say.
    const nearest = results.reduce((best, issues) => (score(issues) < score(best) ? issues : best));
    return [{ path, message: `fits none of the ${variants.length} shapes; the nearest one says:` }, ...nearest.slice(0, 3)];
  }
  switch (facets.type) {
    case "string": {
      if (typeof value !== "string") return wrong(`must be a string, not ${nameOf(value)}`);
      const size = within([...value].length, facets, " characters");
      if (size) return wrong(`must have ${size}`);
      if (facets.pattern && regular(facets.pattern)?.test(value) === false) return wrong(`must match ${facets.pattern}`);
      if (facets.format && FORMATS[facets.format]?.(value) === false) return wrong(`is no ${facets.format}`);
      return [];
    }
    case "integer":
    case "number": {
      if (typeof value !== "number" || (facets.type === "integer" && !Number.isInteger(value))) return wrong(`must be ${facets.type === "integer" ? "a whole number" : "a number"}, not ${typeof value === "number" ? value : nameOf(value)}`);
      const size = within(value, facets, "");
      return size ? wrong(`must be ${size}`) : [];
    }
    case "boolean":
      return typeof value === "boolean" ? [] : wrong(`must be true or false, not ${nameOf(value)}`);
    case "array": {
      if (!Array.isArray(value)) return wrong(`must be an array, not ${nameOf(value)}`);
      const size = within(value.length, facets, " items");
      return [...(size ? wrong(`must have ${size}`) : []), ...value.flatMap((item, index) => check(item, facets.items ?? "any", types, `${path}[${index}]`, depth + 1))];
    }
    case "object": {
      if (!isObject(value)) return wrong(`must be an object, not ${nameOf(value)}`);
      const members = allMembers(facets, types);
      const issues: Issue[] = [];
      const size = within(Object.keys(value).length, facets, " members");
      if (size) issues.push({ path, message: `must have ${size}` });
      for (const { name, required, type: own } of members) {
        if (name in value) issues.push(...check(value[name], own, types, member(path, name), depth + 1));
        else if (required) issues.push({ path: member(path, name), message: "is required" });
      }
      for (const name of Object.keys(value)) {
        if (members.some((known) => known.name === name)) continue;
        if (facets.extra === false) issues.push({ path: member(path, name), message: "is not a member that the API knows" });
        else if (facets.extra) issues.push(...check(value[name], facets.extra, types, member(path, name), depth + 1));
      }
      return issues;
    }
    default:
      return [];
  }
};

// A wrong `type` or a missing member far down is nearer than a wrong shape at the top.
const score = (issues: Issue[]): number => issues.length - Math.max(...issues.map((issue) => issue.path.length)) / 1000;

const TEXTS: [RegExp, string][] = [
  [/email/i, "jo@example.com"],
  [/phone/i, "+15551234567"],
  [/password/i, "Only-4-the-playground!"],
  [/(^|_)(ur[il]|uri)$|url$/i, "https://example.com/"],
  [/domain/i, "login.example.com"],
  [/^connection$/i, "Username-Password-Authentication"],
  [/identifier/i, "https://another-api.example.com/"],
  [/audience/i, "https://api.example.com/"],
  [/scope/i, "read:things"],
];

const text = (facets: Facets, name: string): string => {
  if (facets.format === "date-time") return "2026-01-01T00:00:00Z";
  if (facets.format === "date") return "2026-01-01";
  if (facets.format === "ipv4") return "192.0.2.1";
  if (facets.format?.includes("uri") || facets.format?.includes("url")) return "https://example.com/";
  if (facets.format === "email") return "jo@example.com";
  let sample = TEXTS.find(([pattern]) => pattern.test(name))?.[1] ?? (name && name !== "$" ? name.replace(/_/g, "-") : "text");
  if (facets.max !== undefined) sample = sample.slice(0, facets.max);
  sample = sample.padEnd(facets.min ?? 0, "x");
  const fits = (one: string) => check(one, { ...facets, nullable: false }, {}).length === 0;
  return fits(sample) ? sample : (PATTERNED.find(fits) ?? sample);
};

// Tried in this order where a pattern has to be met.
const PATTERNED = [
  "https://example.com/",
  "#4338ca",
  "0a1b2c3d",
  "con_0000000000000001",
  "grp_1111111111111111",
  "flg_1111111111111111",
  "var_1111111111111111",
  "us-east-1",
  "simplified/1.0",
  "aamva",
  "2026-01-01T00:00:00Z",
  "US",
  "en",
  "1.0",
  "1",
  "a",
];

/** A value to begin with: the members that are required, or nearly all. */
export const sample = (type: Type, types: Types, full: boolean, name = "", depth = 0): unknown => {
  const facets = resolve(type, types);
  if (facets.default !== undefined) return facets.default;
  if (facets.enum) return facets.enum[0];
  if (facets.const !== undefined) return facets.const;
  const variants = facets.oneOf ?? facets.anyOf;
  if (variants?.[0]) return sample(variants[0], types, full, name, depth + 1);
  switch (facets.type) {
    case "string":
      return text(facets, name);
    case "integer":
    case "number":
      return Math.max(facets.min ?? 0, Math.min(1, facets.max ?? 1));
    case "boolean":
      return true;
    case "array":
      return (facets.min ?? 0) > 0 || (full && depth < 3) || depth === 0 ? Array.from({ length: Math.max(1, facets.min ?? 1) }, () => sample(facets.items ?? "any", types, full, name.replace(/s$/, ""), depth + 1)) : [];
    case "object": {
      if (depth > 6) return {};
      const wanted: Member[] = allMembers(facets, types).filter((one) => one.required || (full && depth < 2 && !resolve(one.type, types).readOnly && !resolve(one.type, types).deprecated));
      // An object of which only one may be chosen is not filled.
      if (facets.max !== undefined && wanted.length > facets.max) wanted.length = facets.max;
      // Where some member is wanted and none in particular, the first ones.
      for (const one of allMembers(facets, types)) if (wanted.length < (facets.min ?? 0) && !wanted.includes(one)) wanted.push(one);
      const made = Object.fromEntries(wanted.map((one) => [one.name, sample(one.type, types, full, one.name, depth + 1)]));
      for (let number = wanted.length; number < (facets.min ?? 0) && facets.extra; number++) made[`name_${number + 1}`] = sample(facets.extra, types, full, "", depth + 1);
      return made;
    }
    default:
      return {};
  }
};

/** What somebody typed into a field of the query, as a value of its type; undefined for what is not to be sent. */
export const fromText = (typed: string, type: Type, types: Types): unknown => {
  if (typed === "") return undefined;
  const facets = resolve(type, types);
  if (facets.type === "integer" || facets.type === "number") return /^-?\d+(\.\d+)?$/.test(typed) ? Number(typed) : typed;
  if (facets.type === "boolean") return typed === "true" ? true : typed === "false" ? false : typed;
  if (facets.type === "array") {
    const items = typed.split(",").map((item) => fromText(item.trim(), facets.items ?? "any", types));
    return items.filter((item) => item !== undefined);
  }
  if (facets.type === "object" || facets.type === "any") {
    try {
      return JSON.parse(typed) as unknown;
    } catch {
      return typed;
    }
  }
  return typed;
};
