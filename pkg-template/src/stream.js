import { toError } from "./errors.js";

// Server-sent events (WHATWG HTML, section 9.2) as an async iterable of parsed objects.
export class Stream {
  static name = "Stream";

  #operation;
  #response;

  constructor(operation, response) {
    this.#operation = operation;
    this.#response = response;
  }

  async *[Symbol.asyncIterator]() {
    const reader = this.#response.body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    let data = [];
    let event;
    const fail = (kind, what) => (cause) => {
      throw toError({ kind, message: `${this.#operation}: ${what}: ${cause?.message ?? cause}`, cause }, this.#operation);
    };
    const finish = () => {
      let item;
      try {
        if (data.length) item = JSON.parse(data.join("\n"));
      } catch (cause) {
        fail("decode", "an event is not JSON")(cause);
      }
      if (item && event && typeof item === "object") item.type ??= event;
      data = [];
      event = undefined;
      return item;
    };
    try {
      for (let done = false; !done; ) {
        const chunk = await reader.read().catch(fail("transport", "the stream broke off"));
        done = chunk.done;
        rest += done ? decoder.decode() : decoder.decode(chunk.value, { stream: true });
        // A CR at the end may be half of a CRLF: it waits for the next chunk. A last event without its blank line counts.
        const lines = (done ? `${rest}\n\n` : rest).split(/\r\n|\n|\r(?!$)/);
        rest = lines.pop();
        for (const line of lines) {
          const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
          if (field === "data") data.push(value);
          else if (field === "event") event = value;
          else if (line === "") {
            const item = finish();
            if (item !== undefined) yield item;
          }
        }
      }
    } finally {
      // Leaving the loop early closes the connection.
      await reader.cancel().catch(() => {});
    }
  }
}
