// For Node, Deno and Bun: a tenant that listens, or one behind a function shaped as `fetch`.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { isIP } from "node:net";
import { createTenant, pieces, sandboxOf } from "./core.js";

const ORIGIN = "https://sandbox.test";
const LONGEST_REQUEST = 64 << 20;
const BEFORE_CLOSING_MS = 30;

const wasm = async (given) => given ?? readFile(new URL("./auth0_sandbox.wasm", import.meta.url));

export const createSandbox = async ({ origin = ORIGIN, ...options } = {}) => sandboxOf(await createTenant(origin, options, await wasm(options.wasm)));

const isLoopback = (host) => host === "localhost" || host === "::1" || /^127\./.test(host);

const read = async (request) => {
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > LONGEST_REQUEST) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
};

const pairs = (raw) => {
  const headers = [];
  for (let index = 0; index < raw.length; index += 2) headers.push([raw[index].toLowerCase(), raw[index + 1]]);
  return headers;
};

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const serve = async (local, request, response) => {
  const body = await read(request);
  if (!body) {
    response.writeHead(413, { "content-type": "application/json", connection: "close" });
    return response.end('{"statusCode":413,"error":"Payload Too Large","message":"The body is longer than 64 MB"}');
  }
  const answer = await local.exchange({ method: request.method, target: request.url, headers: pairs(request.rawHeaders), body });
  if (!answer.status) return request.socket.resetAndDestroy();
  const { list, broken } = pieces(answer);
  const bare = answer.status === 204 || answer.status === 304;
  response.writeHead(answer.status, [...answer.headers, ...(bare ? [] : [["content-length", String(answer.body.length)]])].flat());
  if (list.length === 1 && !broken) return response.end(bare ? undefined : list[0][0]);
  response.flushHeaders();
  for (const [piece, delay] of list) {
    await wait(delay);
    if (piece.length) response.write(piece);
  }
  if (!broken) return response.end();
  await wait(BEFORE_CLOSING_MS);
  return request.socket.destroy();
};

export const startSandbox = async ({ host = "127.0.0.1", port = 0, allowRemote = false, ...options } = {}) => {
  if (!isIP(host) && host !== "localhost") throw new TypeError(`auth0-sandbox: ${JSON.stringify(host)} is not an IP address`);
  if (!isLoopback(host) && !allowRemote) throw new Error(`auth0-sandbox: ${host} is not a loopback address, and the sandbox has no access control of its own: say allowRemote where that is wanted`);
  let local;
  let ready;
  const made = new Promise((resolve) => (ready = resolve));
  const server = createServer((request, response) => {
    const answered = made.then(() => serve(local, request, response));
    answered.catch((error) => {
      if (response.headersSent) return response.destroy(error);
      response.writeHead(500, { "content-type": "application/json" });
      response.end(JSON.stringify({ statusCode: 500, error: "Internal Server Error", message: `The sandbox failed: ${error.message ?? error}` }));
    });
  });
  await new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const said = error.code === "EADDRINUSE" ? "the port is in use; 0 takes a free one" : error.message;
      reject(Object.assign(new Error(`auth0-sandbox: cannot listen on ${host}:${port}: ${said}`, { cause: error }), { code: error.code }));
    });
    server.listen(port, host === "localhost" ? "127.0.0.1" : host, resolve);
  });
  const bound = server.address().port;
  const shown = host === "localhost" || host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : isIP(host) === 6 ? `[${host}]` : host;
  const close = () =>
    new Promise((resolve) => {
      server.close(() => {
        local?.close();
        resolve();
      });
      server.closeAllConnections();
    });
  try {
    local = await createTenant(`http://${shown}:${bound}`, options, await wasm(options.wasm));
  } catch (error) {
    await close();
    throw error;
  }
  ready();
  return { ...sandboxOf(local), port: bound, close };
};
