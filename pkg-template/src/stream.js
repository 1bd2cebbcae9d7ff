// Server-sent events (WHATWG HTML, section 9.2) that go on where they broke off.
import { pause } from "./drive.js";
import { toError } from "./errors.js";

// How long to wait before the stream is opened again, unless the server says otherwise, and at most; in milliseconds.
const PAUSE = 1000;
const LONGEST_PAUSE = 60000;

// How often in a row the stream may be opened without bringing an event.
const EMPTY_STREAMS = 5;

// An event that is longer than this is somebody's mistake, and would fill the memory.
const LARGEST_EVENT = 16 * 1024 * 1024;

// Reads lines from text in pieces of any size. A line ends in CR, LF or CRLF, and a piece anywhere.
class Parser {
  #rest = "";
  #afterCr = false;
  #data;
  #name;
  #held = 0;
  id;
  retry;

  // The events that a piece ends.
  push(piece) {
    if (!piece) return [];
    const text = this.#afterCr && piece[0] === "\n" ? piece.slice(1) : piece;
    this.#afterCr = piece.endsWith("\r");
    this.#held += text.length;
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop();
    const events = [];
    for (const line of lines) if (this.#line(line)) events.push(this.#event());
    return events;
  }

  // The event that the stream ended in the middle of. The standard drops it; a server that closes after the last line of data
  // has still sent it.
  finish() {
    this.#line(this.#rest);
    return this.#data ? [this.#event()] : [];
  }

  get tooLarge() {
    return this.#held > LARGEST_EVENT;
  }

  // True when the line ends an event.
  #line(line) {
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (field === "data") (this.#data ??= []).push(value);
    else if (field === "event") this.#name = value;
    else if (field === "id" && !value.includes("\0")) this.id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
    else if (line === "") {
      this.#held = this.#rest.length;
      if (this.#data) return true;
      this.#name = undefined;
    }
    return false;
  }

  #event() {
    const event = { name: this.#name, text: this.#data.join("\n"), id: this.id };
    this.#data = this.#name = undefined;
    return event;
  }
}

const asText = (value) => (typeof value === "string" && value ? value : undefined);

export class Stream {
  static name = "Stream";

  #operation;
  #response;
  #open;
  #signal;
  #reader;
  #decoder;
  #parser;
  #ready = [];
  #retry = PAUSE;
  #empty = 0;
  #offset;

  // `open` asks for the stream behind an offset, undefined for where it began, and gives its response.
  constructor(operation, response, open, signal) {
    this.#operation = operation;
    this.#response = response;
    this.#open = open;
    this.#signal = signal;
  }

  // Where to go on after the last event: what the parameter `from` takes.
  get offset() {
    return this.#offset;
  }

  #fail(kind, what, cause, body) {
    // The connection of an aborted call breaks; which of the two is noticed first is chance.
    if (this.#signal?.aborted) [kind, what, cause] = ["aborted", "the call was aborted by its signal", this.#signal.reason];
    return toError({ kind, message: `${this.#operation}: ${what}`, cause, body }, this.#operation);
  }

  // The next piece of text; undefined at the end of the connection, with what broke it.
  async #read() {
    if (!this.#reader) {
      this.#reader = this.#response.body?.getReader() ?? { read: async () => ({ done: true }), cancel: async () => {} };
      this.#decoder = new TextDecoder();
      this.#parser = new Parser();
    }
    try {
      const { done, value } = await this.#reader.read();
      return done ? {} : { piece: this.#decoder.decode(value, { stream: true }) };
    } catch (cause) {
      return { cause: cause ?? new Error("the connection broke") };
    }
  }

  async #close() {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#response = undefined;
    await reader?.cancel().catch(() => {});
  }

  // Fills #ready, over as many connections as it takes.
  async #receive() {
    while (!this.#ready.length) {
      if (!this.#response) {
        await pause(Math.min(this.#retry, LONGEST_PAUSE), this.#signal).catch((cause) => {
          throw this.#fail("aborted", "", cause);
        });
        this.#response = await this.#open(this.#offset);
      }
      const { piece, cause } = await this.#read();
      const parser = this.#parser;
      if (piece !== undefined) this.#ready = parser.push(piece);
      // What a connection that broke has left is half of an event.
      else if (!cause) this.#ready = [...parser.push(this.#decoder.decode()), ...parser.finish()];
      this.#retry = parser.retry ?? this.#retry;
      if (this.#ready.length) this.#empty = 0;
      if (piece === undefined) {
        await this.#close();
        if (this.#signal?.aborted) throw this.#fail();
        if (!this.#ready.length && ++this.#empty >= EMPTY_STREAMS) {
          const what = cause ? `the stream broke off: ${cause.message ?? cause}` : "the server closes the stream";
          throw this.#fail("transport", `${what} (${EMPTY_STREAMS} in a row brought nothing)`, cause);
        }
      } else if (parser.tooLarge) {
        await this.#close();
        throw this.#fail("decode", "an event does not end within 16 MiB");
      }
    }
  }

  // Events as they come. When the connection breaks, or the server closes it, the stream is opened again behind the last one.
  // After an event that cannot be read, another loop over the same stream goes on behind it.
  async *[Symbol.asyncIterator]() {
    let broken;
    try {
      for (;;) {
        await this.#receive();
        const { name, text, id } = this.#ready.shift();
        let item;
        try {
          item = JSON.parse(text);
        } catch (cause) {
          broken = cause;
        }
        this.#offset = asText(item?.offset) ?? asText(item?.error?.offset) ?? asText(id) ?? this.#offset;
        if (broken) throw this.#fail("decode", `an event is not JSON: ${broken.message}`, broken, text);
        if (item && name && typeof item === "object") item.type ??= name;
        yield item;
      }
    } finally {
      // Leaving the loop early closes the connection.
      if (!broken) await this.#close();
    }
  }
}
