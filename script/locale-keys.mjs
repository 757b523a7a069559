// `node script/locale-keys.mjs` fails where app/locales/*.json differ in their keys, in a key's placeholders, or leave
// a text empty.

import { readFileSync, readdirSync } from "node:fs";
import { pathToFileURL } from "node:url";

// Returns every text of a language by its dotted key.
function flat(value, prefix = "") {
  if (typeof value === "string") return [[prefix, value]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, prefix ? `${prefix}.${key}` : key));
}

const placeholders = (text) => [...text.matchAll(/{{\s*(\w+)/g)].map(([, name]) => name).sort().join(" ");

// Returns a sentence for each difference between the first language and the others.
export function differences(languages) {
  const [[first, expected], ...others] = Object.entries(languages).map(([name, value]) => [name, new Map(flat(value))]);
  const found = [...expected].filter(([, text]) => !text.trim()).map(([key]) => `${first}: ${key} is empty`);
  for (const [name, texts] of others) {
    for (const [key, text] of expected) {
      const here = texts.get(key);
      if (here === undefined) found.push(`${name}: ${key} is missing`);
      else if (!here.trim()) found.push(`${name}: ${key} is empty`);
      else if (placeholders(here) !== placeholders(text)) found.push(`${name}: ${key} has other placeholders than ${first}`);
    }
    for (const key of texts.keys()) if (!expected.has(key)) found.push(`${first}: ${key} is missing`);
  }
  return found;
}

function main() {
  const directory = new URL("../app/locales/", import.meta.url);
  const names = readdirSync(directory).filter((name) => name.endsWith(".json"));
  const languages = names.map((name) => [name, JSON.parse(readFileSync(new URL(name, directory), "utf8"))]);
  const found = differences(Object.fromEntries(languages));
  for (const sentence of found) console.error(sentence);
  if (found.length) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
