// Checks the declarations of the packed npm tarball: a program that calls every operation, use and misuse, the ways a compiler finds
// them, and that they say what there is at run time.
//
//   node tests/js/types/run.mjs [--tarball target/npm/auth0-sdk.tgz] [--project target/types-tests] [--match text]
//
// Prints `N passed, N failed` and exits with 1 when a check fails, or when none ran.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import ts from "typescript";

const OPERATIONS = 491;
const here = fileURLToPath(new URL(".", import.meta.url));
const root = resolve(here, "../../..");
const { values } = parseArgs({
  options: {
    tarball: { type: "string", default: join(root, "target/npm/auth0-sdk.tgz") },
    project: { type: "string", default: join(root, "target/types-tests") },
    match: { type: "string", default: "" },
  },
});
const project = resolve(values.project);
const tarball = resolve(values.tarball);
if (!existsSync(tarball)) throw new Error(`${tarball} is missing: run \`cargo xtask npm\` first`);

// A project with nothing in it but the tarball, and the types of Node for those who ask for them.
rmSync(project, { recursive: true, force: true });
mkdirSync(project, { recursive: true });
writeFileSync(join(project, "package.json"), '{ "name": "auth0-sdk-types", "private": true, "type": "module" }\n');
execFileSync("npm", ["install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", tarball], { cwd: project, stdio: ["ignore", "ignore", "inherit"] });
const packageDir = join(project, "node_modules/auth0-sdk");
mkdirSync(join(project, "node_modules/@types"), { recursive: true });
symlinkSync(join(root, "node_modules/@types/node"), join(project, "node_modules/@types/node"), "junction");
symlinkSync(join(root, "node_modules/undici-types"), join(project, "node_modules/undici-types"), "junction");
for (const file of ["use.ts", "wrong.ts", "commonjs.cts", "generated/every-operation.ts"]) copyFileSync(join(here, file), join(project, file.split("/").at(-1)));
writeFileSync(join(project, "unmarked.ts"), readFileSync(join(here, "wrong.ts"), "utf8").replaceAll("@ts-expect-error", ""));

const web = ["es2022", "dom", "dom.iterable"];
const strict = {
  strict: true,
  noEmit: true,
  target: "es2022",
  lib: web,
  types: [],
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: false,
  isolatedModules: true,
};
// The declarations themselves are checked once with each set of libraries; what only differs in how they are found need not do it again.
const sameLibraries = { skipLibCheck: true };
const nodenext = { module: "nodenext", moduleResolution: "nodenext" };

// The compiler as a user runs it. Gives its findings and its figures.
const compile = (files, options) => {
  const config = join(project, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...strict, ...options }, files }));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  let output;
  try {
    output = execFileSync("node", [tsc, "-p", config, "--extendedDiagnostics", "--pretty", "false"], { cwd: project, encoding: "utf8", maxBuffer: 1 << 28 });
  } catch (error) {
    if (typeof error.stdout !== "string") throw error;
    output = error.stdout;
  }
  const figure = (name) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(output)?.[1];
  if (!figure("Total time")) throw new Error(`tsc did not finish: ${output.slice(0, 2000)}`);
  return { errors: output.split("\n").filter((line) => /error TS\d+:/.test(line)), figures: `${figure("Total time")}, ${figure("Memory used")}, ${figure("Types")} types` };
};
const clean = (files, options) => () => {
  const { errors, figures } = compile(files, options);
  if (errors.length) throw new Error(`${errors.length} errors:\n${errors.slice(0, 20).join("\n")}`);
  return figures;
};
const equal = (actual, expected, what) => {
  const [missing, surplus] = [expected.filter((name) => !actual.includes(name)), actual.filter((name) => !expected.includes(name))];
  if (missing.length || surplus.length) throw new Error(`${what}: missing ${missing.slice(0, 20).join(", ") || "nothing"}; surplus ${surplus.slice(0, 20).join(", ") || "nothing"}`);
  if (!actual.length) throw new Error(`${what}: nothing to compare`);
};

// The declarations as the compiler sees them.
let checkerOfPackage;
const declared = () => {
  if (checkerOfPackage) return checkerOfPackage;
  const file = join(project, "entries.ts");
  writeFileSync(file, `import * as main from "auth0-sdk"; import * as models from "auth0-sdk/models"; import * as management from "auth0-sdk/management"; export declare const client: main.ManagementClient; export { main, models, management };\n`);
  const program = ts.createProgram([file], { strict: true, noEmit: true, types: [], lib: ["lib.es2022.d.ts", "lib.dom.d.ts"], target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const resolved = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
  const all = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
  const exportsOf = (symbol) => checker.getExportsOfModule(resolved(symbol));
  const entry = (name) => all.find((symbol) => symbol.name === name);
  // A namespace's members that can be used as a value: its type has them as properties.
  const valuesOf = (symbol) => checker.getPropertiesOfType(checker.getTypeOfSymbolAtLocation(symbol, source)).map(({ name }) => name);
  return (checkerOfPackage = { checker, source, entry, exportsOf, valuesOf, resolved });
};
const importOf = (file) => import(pathToFileURL(join(packageDir, file)).href);

const checks = {
  "every operation can be called, with the least and with everything": () => {
    const text = readFileSync(join(project, "every-operation.ts"), "utf8");
    const ids = new Set(Array.from(text.matchAll(/^same<.*?>\(\)\(client\.([\w.]+)\(/gm), ([, id]) => id));
    if (ids.size !== OPERATIONS) throw new Error(`${ids.size} operations are called, and not ${OPERATIONS}`);
    return clean(["every-operation.ts"], nodenext)();
  },
  "a change to a type is noticed": () => {
    const text = readFileSync(join(project, "every-operation.ts"), "utf8");
    const broken = text.replace("Management.CreateUserResponseContent>", "Management.CreateRoleResponseContent>").replace('{ connection: "sample" }', "{ connection: 5 }");
    writeFileSync(join(project, "broken.ts"), broken);
    const { errors } = compile(["broken.ts"], { ...nodenext, ...sameLibraries });
    if (errors.length !== 2) throw new Error(`${errors.length} errors, and not 2:\n${errors.slice(0, 5).join("\n")}`);
  },
  "use, in an ES module (nodenext)": clean(["use.ts"], { ...nodenext, ...sameLibraries }),
  "use, in an ES module (node16)": clean(["use.ts"], { ...sameLibraries, module: "node16", moduleResolution: "node16" }),
  "use, through a bundler": clean(["use.ts"], { ...sameLibraries, module: "esnext", moduleResolution: "bundler" }),
  "use, through a bundler for Workers": clean(["use.ts"], { module: "esnext", moduleResolution: "bundler", customConditions: ["workerd"], lib: ["es2022", "webworker", "webworker.iterable"] }),
  "use, with the types of Node alone": clean(["use.ts"], { ...nodenext, lib: ["es2022"], types: ["node"] }),
  "use, with the types of Node and the browser": clean(["use.ts"], { ...nodenext, ...sameLibraries, types: ["node"] }),
  "use, with loose optional members and isolated syntax": clean(["use.ts"], { ...nodenext, exactOptionalPropertyTypes: false, verbatimModuleSyntax: true }),
  "use, from CommonJS (node16)": clean(["commonjs.cts"], { module: "node16", moduleResolution: "node16" }),
  "use, from CommonJS (nodenext)": clean(["commonjs.cts"], { ...nodenext, ...sameLibraries }),
  "misuse is refused": clean(["wrong.ts"], { ...nodenext, ...sameLibraries }),
  "every refusal is of one line": () => {
    const lines = readFileSync(join(here, "wrong.ts"), "utf8").split("\n");
    const marks = lines.flatMap((line, index) => (line.includes("@ts-expect-error") ? [index + 2] : []));
    const lined = new Set(compile(["unmarked.ts"], { ...nodenext, ...sameLibraries }).errors.map((error) => Number(/\((\d+),/.exec(error)?.[1])));
    equal([...lined].map(String), marks.map(String), "lines");
    return `${marks.length} lines`;
  },
  "the main entry point exports what is declared": async () => {
    const { entry, valuesOf } = declared();
    equal(valuesOf(entry("main")), Object.keys(await importOf("index.js")), "exports");
    equal(valuesOf(entry("main")), Object.keys(createRequire(join(project, "x.cjs"))("auth0-sdk")), "exports for CommonJS");
  },
  "`Management` has the values that are declared": async () => {
    const { entry, exportsOf, valuesOf } = declared();
    const models = new Set(valuesOf(entry("models")));
    for (const name of ["main", "management"]) {
      const symbol = exportsOf(entry(name)).find((symbol) => symbol.name === "Management");
      const module = name === "main" ? await importOf("index.js") : await importOf("management.js");
      // `export type *` hides the objects of the enums from programs, which wrong.ts shows, and not from this question.
      const expected = valuesOf(symbol).filter((value) => name === "management" || !models.has(value));
      equal(expected, Object.keys(module.Management), `${name}: Management`);
      const commonjs = createRequire(join(project, "x.cjs"))(name === "main" ? "auth0-sdk" : "auth0-sdk/management");
      equal(expected, Object.keys(commonjs.Management), `${name}: Management of CommonJS`);
    }
  },
  "the objects of the enums have the values that are declared": async () => {
    const { checker, source, entry, valuesOf } = declared();
    const symbol = entry("models");
    const models = await importOf("models.js");
    equal(valuesOf(symbol), Object.keys(models), "models");
    let count = 0;
    const compare = (type, value, place) => {
      if (typeof value === "string") {
        if (!type.isStringLiteral() || type.value !== value) throw new Error(`${place}: ${checker.typeToString(type)} is declared, and ${value} is there`);
        count++;
        return;
      }
      const members = checker.getPropertiesOfType(type);
      equal(members.map(({ name }) => name), Object.keys(value), place);
      for (const member of members) compare(checker.getTypeOfSymbolAtLocation(member, source), value[member.name], `${place}.${member.name}`);
    };
    compare(checker.getTypeOfSymbolAtLocation(symbol, source), models, "models");
    const commonjs = createRequire(join(project, "x.cjs"))("auth0-sdk/models");
    if (JSON.stringify(commonjs) !== JSON.stringify({ ...models })) throw new Error("models.cjs differs from models.js");
    return `${Object.keys(models).length} objects, ${count} values`;
  },
  "the error classes of all entry points are the same": async () => {
    const [main, management] = [await importOf("index.js"), await importOf("management.js")];
    for (const name of Object.keys(main.Management)) if (main.Management[name] !== management.Management[name]) throw new Error(`${name} stands twice`);
    if (management.Management.ClientAppTypeEnum.Spa !== "spa" || management.ManagementClient !== main.ManagementClient) throw new Error("management.js lacks something");
  },
  "a client has the groups and methods that are declared": async () => {
    const { checker, source, entry, exportsOf } = declared();
    const { ManagementClient } = await importOf("index.js");
    const type = checker.getDeclaredTypeOfSymbol(declared().resolved(exportsOf(entry("main")).find(({ name }) => name === "ManagementClient")));
    let methods = 0;
    const members = (object) => {
      const names = new Set();
      for (let at = Object.getPrototypeOf(object); at && at !== Object.prototype; at = Object.getPrototypeOf(at)) Object.getOwnPropertyNames(at).forEach((name) => names.add(name));
      names.delete("constructor");
      return [...names];
    };
    const compare = (type, object, place) => {
      const properties = checker.getPropertiesOfType(type);
      equal(properties.map(({ name }) => name), members(object), place);
      for (const property of properties) {
        const inner = checker.getTypeOfSymbolAtLocation(property, source);
        const value = object[property.name];
        if (inner.getCallSignatures().length) {
          if (typeof value !== "function") throw new Error(`${place}.${property.name} is no method`);
          methods++;
        } else compare(inner, value, `${place}.${property.name}`);
      }
    };
    compare(type, new ManagementClient({ domain: "a.auth0.com", token: "t" }), "client");
    if (methods !== OPERATIONS + 1) throw new Error(`${methods} methods, and not ${OPERATIONS} and fetch`);
    return `${methods} methods`;
  },
  "every name of the auth0 package is declared, but for the known gaps": () => {
    const { entry, exportsOf, resolved } = declared();
    const management = exportsOf(entry("management")).find((symbol) => symbol.name === "Management");
    const names = new Set();
    for (const symbol of exportsOf(management)) {
      if (resolved(symbol).flags & ts.SymbolFlags.Type) names.add(symbol.name);
      for (const inner of resolved(symbol).exports?.keys() ?? []) names.add(`${symbol.name}.${inner}`);
    }
    const peers = readFileSync(join(here, "peer-names.txt"), "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
    const gaps = Object.values(JSON.parse(readFileSync(join(here, "peer-gaps.json"), "utf8")).names).flat();
    equal(peers.filter((name) => !names.has(name)), gaps, "gaps");
    return `${peers.length - gaps.length} of ${peers.length} names`;
  },
  "publint": async () => {
    const { publint } = await import("publint");
    const { formatMessage } = await import("publint/utils");
    const manifest = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8"));
    const { messages } = await publint({ pkgDir: packageDir, strict: true, pack: false });
    // Not errors: what the lint only proposes.
    const problems = messages.filter(({ type }) => type !== "suggestion");
    if (problems.length) throw new Error(problems.map((message) => formatMessage(message, manifest)).join("\n"));
    return messages.map(({ code }) => code).join(", ");
  },
  "arethetypeswrong": async () => {
    // Those of groups are one pattern, which it does not resolve by itself.
    const groups = ["./users", "./users/roles", "./organizations/members/effectiveRoles/sources/groups", "./clients"];
    const { checkPackage, createPackageFromTarballData } = await import("@arethetypeswrong/core");
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))), { excludeEntrypoints: ["./auth0_sdk.wasm"], includeEntrypoints: groups });
    if (!analysis.types) throw new Error("the package has no types");
    const problems = analysis.problems.filter(
      // The resolution of before 2022 knows no `exports`: it finds the main entry point, and only that one.
      // The one file that has everything, and the login of a page, are for pages, whose scripts are ES modules.
      ({ kind, resolutionKind, entrypoint }) => !(kind === "NoResolution" && ((resolutionKind === "node10" && entrypoint !== ".") || (resolutionKind === "node16-cjs" && ["./inline", "./browser"].includes(entrypoint)))),
    );
    if (problems.length) throw new Error(problems.map((problem) => JSON.stringify(problem)).join("\n"));
    const entries = Object.keys(analysis.entrypoints);
    if (![".", "./models", ...groups].every((entry) => analysis.entrypoints[entry]?.resolutions["node16-esm"].resolution)) throw new Error(`only ${entries} were looked at`);
    return entries.join(", ");
  },
  "what is packed": () => {
    const files = readdirSync(packageDir, { recursive: true }).map(String);
    const declarations = files.filter((file) => /\.d\.c?ts$/.test(file));
    // An import that leads nowhere would make everything behind it `any`, unseen.
    for (const file of declarations) {
      for (const [, path] of readFileSync(join(packageDir, file), "utf8").matchAll(/from "(\.[^"]+)"/g)) {
        const target = join(packageDir, file, "..", path).replace(/\.cjs$/, ".d.cts");
        if (!existsSync(target)) throw new Error(`${file}: ${path} is not packed`);
      }
    }
    return `${declarations.length} files of declarations`;
  },
};

let [passed, failed] = [0, 0];
for (const [name, check] of Object.entries(checks)) {
  if (!name.includes(values.match)) continue;
  const start = performance.now();
  try {
    const note = await check();
    passed++;
    console.log(`ok    ${name} (${((performance.now() - start) / 1000).toFixed(1)} s${note ? `; ${note}` : ""})`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}\n${String(error?.stack ?? error).replace(/^/gm, "      ")}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed || !passed ? 1 : 0;
