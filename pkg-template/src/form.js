// Records as texts: how JavaScript and the core hand each other what is more than a text or a number.

const encode = encodeURIComponent;

// Pairs as `a=b&c=d`.
export const toForm = (pairs) => pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");

export const fromForm = (text) => Object.fromEntries(text ? text.split("&").map((pair) => pair.split("=").map(decodeURIComponent)) : []);

// `encodeURIComponent` throws at half of a surrogate pair; what a server sent may be anything.
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

// A text; of anything else the core only hears that it is there.
export const textOnly = (value) => (typeof value === "string" ? value.replace(LONE, "\ufffd") : "");

// A text, or a number as one.
export const plain = (value) => (typeof value === "number" ? String(value) : textOnly(value));

// The members of a JSON object, as the core reads them.
export const plainMembers = (value, read = plain) => (value && typeof value === "object" ? toForm(Object.entries(value).map(([name, member]) => [plain(name), read(member)])) : "");
