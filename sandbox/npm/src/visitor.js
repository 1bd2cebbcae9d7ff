// Somebody with a browser of their own: keeps cookies, follows redirects within the tenant, and says where one leads out of it.

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

export class Visitor {
  #local;
  #origin;
  #cookies = new Map();

  constructor(local, origin) {
    this.#local = local;
    this.#origin = origin;
  }

  /**
   * Opens a page of the tenant: `{ url, status, html, left }`. `left` is true where the tenant sent the visitor elsewhere, as a login
   * does at its end; `url` is then that address, and it was not asked.
   */
  async open(address, { method = "GET", body } = {}) {
    let url = new URL(address, this.#origin);
    let form = body === undefined ? undefined : new URLSearchParams(body).toString();
    for (let hops = 0; hops < 20; hops++) {
      if (url.origin !== this.#origin) return { url: url.href, status: 0, html: "", left: true };
      const headers = [["accept", "text/html"]];
      if (this.#cookies.size) headers.push(["cookie", [...this.#cookies].map((pair) => pair.join("=")).join("; ")]);
      if (form !== undefined) headers.push(["content-type", "application/x-www-form-urlencoded"]);
      const answer = await this.#local.exchange({ method, target: url.pathname + url.search, headers, body: new TextEncoder().encode(form ?? "") });
      if (!answer.status) throw new TypeError("fetch failed");
      for (const [name, value] of answer.headers) if (name === "set-cookie") this.#keep(value);
      const location = answer.headers.find(([name]) => name === "location")?.[1];
      if (!REDIRECTS.has(answer.status) || !location) return { url: url.href, status: answer.status, html: new TextDecoder().decode(answer.body), left: false };
      url = new URL(location, url);
      if (answer.status < 307) [method, form] = ["GET", undefined];
    }
    throw new Error(`auth0-sandbox: ${address} leads in circles`);
  }

  #keep(line) {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const at = pair.indexOf("=");
    const gone = attributes.some((attribute) => /^max-age=(0|-)/i.test(attribute));
    if (gone) this.#cookies.delete(pair.slice(0, at));
    else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
}
