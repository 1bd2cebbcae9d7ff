// The headers that say how many tokens a client or an organization may still ask for.

const quotaOf = (headers, name) => {
  const text = typeof headers?.get === "function" ? headers.get(name) : headers?.[name];
  if (!text) return null;
  const quota = { perHour: undefined, perDay: undefined };
  // b=per_hour;q=10;r=5;t=300,b=per_day;q=...
  for (const part of text.split(",")) {
    const { b, q, r, t } = Object.fromEntries(part.split(";").map((pair) => pair.split("=").map((word) => word.trim())));
    const number = (digits) => Number.parseInt(digits, 10) || 0;
    const bucket = { quota: number(q), remaining: number(r), resetAfter: number(t) };
    if (b === "per_hour") quota.perHour = bucket;
    else if (b === "per_day") quota.perDay = bucket;
  }
  return quota;
};

export class HttpResponseHeadersUtils {
  static name = "HttpResponseHeadersUtils";

  // Of a Headers object, or a record with lower-cased names; null where the header is absent.
  static getClientQuotaLimit(headers) {
    return quotaOf(headers, "auth0-client-quota-limit");
  }

  static getOrganizationQuotaLimit(headers) {
    return quotaOf(headers, "auth0-organization-quota-limit");
  }
}
