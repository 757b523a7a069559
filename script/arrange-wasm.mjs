// `node script/arrange-wasm.mjs DIRECTORY NAME` makes DIRECTORY/NAME_bg.wasm easier to compress, and changes nothing
// that it does. Functions that are alike stand together, because brotli finds more that is alike then. The functions
// that it gets from DIRECTORY/NAME.js, or gives it, have short names, because wasm-bindgen's end in sixteen random
// digits.

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";

const [directory, name] = process.argv.slice(2);
const [wasm, js] = [`${directory}/${name}_bg.wasm`, `${directory}/${name}.js`];
const FEATURES = [
  "--enable-bulk-memory",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-reference-types",
  "--enable-multivalue",
];

const binaryen = (program, ...files) =>
  execFileSync(`node_modules/.bin/${program}`, [...FEATURES, ...files], { encoding: "utf8", maxBuffer: 2 ** 30 });

// Splits a module's text into its functions, its imports, and the lines in front of and behind the functions.
const split = (text) => {
  const parts = { imports: [], head: [], functions: [], tail: [] };
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at].startsWith(" (func ")) {
      const end = lines.indexOf(" )", at);
      parts.functions.push(lines.slice(at, end + 1).join("\n"));
      at = end;
    } else if (/^ \(import ".*\(func /.test(lines[at])) {
      parts.imports.push(lines[at]);
    } else {
      (parts.functions.length ? parts.tail : parts.head).push(lines[at]);
    }
  }
  return parts;
};

// Sorts by the keys that `of` makes, which are lists of numbers and texts.
const sortBy = (list, of) => {
  const keyed = list.map((one) => ({ one, key: of(one) }));
  const compare = (a, b) => {
    const at = a.findIndex((part, place) => part !== b[place]);
    return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
  };
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ one }) => one);
};

const withoutNames = (text) => text.replace(/\$[\w.]+/g, "$");

// The signature comes first, then the length, roughly, then the instructions.
const likeness = (text) => {
  const end = text.indexOf("\n");
  const instructions = withoutNames(text.slice(end)).replace(/\s+/g, " ");
  return [withoutNames(text.slice(0, end)), Math.floor(2 * Math.log2(instructions.length)), instructions];
};

const { imports, head, functions, tail } = split(binaryen("wasm-dis", wasm));
if (functions.length === 0) throw new Error(`${wasm} has no functions`);

const sortedImports = sortBy(imports, (line) => [withoutNames(line.slice(line.indexOf("(func "))), line]);
const start = head.findIndex((line) => line.startsWith(" (type ") === false && !line.startsWith("(module"));
const lines = [...head.slice(0, start), ...sortedImports, ...head.slice(start)];
let text = [...lines, ...sortBy(functions, likeness), ...tail].join("\n");

const long = [
  ...sortedImports.map((line) => line.split('"')[3]),
  ...[...text.matchAll(/^ \(export "(wasm_bindgen[^"]+)"/gm)].map((match) => match[1]),
];
const short = new Map([...new Set(long)].map((name, place) => [name, `$${place.toString(36)}`]));
const rename = (text) => text.replace(/\b__wb\w+|\bwasm_bindgen\w+/g, (name) => short.get(name) ?? name);
text = text.replace(/^ \((?:import|export) .*$/gm, rename);

const source = `${wasm}.wat`;
writeFileSync(source, text);
binaryen("wasm-as", source, "-o", wasm);
rmSync(source);
const script = rename(readFileSync(js, "utf8"));
writeFileSync(js, script);

// A name that only one of the two knows would keep every page from coming to life.
const module = new WebAssembly.Module(readFileSync(wasm));
const unknown = WebAssembly.Module.imports(module).filter(({ name }) => !script.includes(` ${name}:`));
if (unknown.length > 0) throw new Error(`${js} does not have ${unknown.map(({ name }) => name).join(", ")}`);
