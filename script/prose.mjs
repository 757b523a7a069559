// `node script/prose.mjs [--list] [FILE...]` counts words and turns of docs/STYLE.md in comments and documents. It
// prints a table for each room, per 10 000 words, and fails where a count of all rooms together is above its bound.
// --list prints each place.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// The bounds are the highest counts of five projects whose comments read well, mini-redis, crates.io, iroh, quickwit
// and ripgrep.
export const COUNTS = [
  { name: "tell", bound: 0.7, pattern: /\b(?:tells?|telling|told)\b/gi },
  { name: "say", bound: 1.8, pattern: /\b(?:says?|saying|said)\b/gi },
  { name: "dialect", pattern: /\b(?:hear(?:s|ing)?|takes? up|took up|comes? upon|so long|for ever|by itself|whoever|tries on)\b/gi },
  { name: "what", bound: 0.4, pattern: /(?<=^|[.!?] )(?:What|Who|How|Whether)\b/g },
  { name: "of", bound: 0.4, pattern: /(?<=^|[.!?] )(?:Of|Also|So long|The same)\b/g },
];
export const COLONS = { name: "colons", bound: 2.6 };

const ROOMS = [
  "app", "crates/backend", "crates/domain", "crates/stomp", "crates/websocket", "docs", "end2end", "frontend", "public", "script", "server", "style",
  "tools",
];
const LINE_COMMENT = { rs: /^\/\/[/!]?/, c: /^\/\//, hash: /^#(?!!)/ };
const SYNTAX = {
  rs: "rs", js: "c", mjs: "c", ts: "c", java: "c", c: "c", h: "c", css: "c", toml: "hash", sh: "hash", example: "hash", md: "md",
};

// Returns the paragraphs of prose in a file as `{ line, text }`. Code, addresses and quoted names are left out of the text.
export function paragraphs(path, source) {
  const syntax = syntaxOf(path, source);
  if (!syntax) return [];
  const found = [];
  let open;
  const close = () => {
    if (open?.text) found.push({ ...open, text: plain(open.text) });
    open = undefined;
  };
  for (const [index, { text, starts }] of proseLines(syntax, source).entries()) {
    if (!text || starts) close();
    if (text) open = open ? { ...open, text: `${open.text} ${text}` } : { line: index + 1, text };
  }
  close();
  return found.filter(({ text }) => /[a-z]/i.test(text));
}

function syntaxOf(path, source) {
  const extension = /\.(\w+)$/.exec(path)?.[1];
  return SYNTAX[extension] ?? (/^#!.*sh$/m.test(source.slice(0, 40)) ? "hash" : undefined);
}

// For each line of the file its prose, if it has any, and whether a paragraph starts there.
function proseLines(syntax, source) {
  const lines = source.split("\n");
  if (syntax === "md") return markdown(lines);
  let block = false;
  let fenced = false;
  return lines.map((line) => {
    const trimmed = line.trim();
    let text = comment(trimmed, LINE_COMMENT[syntax]);
    if (syntax === "c") {
      const begins = !block && trimmed.startsWith("/*");
      if (block || begins) text = trimmed.replace(/^\/?\*+\/?|\*\/.*$/g, "").trim();
      block = (block || begins) && !trimmed.includes("*/");
    }
    if (text?.startsWith("```")) fenced = !fenced;
    return !text || fenced || /^(?:```|- - -|---|shellcheck)/.test(text) ? {} : item(text);
  });
}

function comment(trimmed, leader) {
  const own = leader.exec(trimmed);
  if (own) return trimmed.slice(own[0].length).trim();
  const trailing = /[;,{}()]\s+\/\/ (.*)$/.exec(trimmed);
  return leader === LINE_COMMENT.hash ? undefined : trailing?.[1];
}

function markdown(lines) {
  let fenced = false;
  return lines.map((line) => {
    if (line.startsWith("```")) fenced = !fenced;
    if (fenced || /^(?:```|\s{4}|!\[|[|\s:-]+$)/.test(line)) return {};
    if (line.startsWith("#")) return {};
    if (line.startsWith("|")) return { text: line.split("|").map((cell) => cell.trim()).filter(Boolean).join(". "), starts: true };
    return item(line.trim());
  });
}

function item(text) {
  const starts = /^(?:[-*]|\d+\.|#+) /.test(text);
  return { text: starts ? text.replace(/^(?:[-*]|\d+\.|#+) /, "") : text, starts };
}

function plain(text) {
  return text
    .replace(/`[^`]*`/g, "x")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\w+:\/\/\S+/g, "x")
    .replace(/"[^"]*"/g, "x")
    .replace(/\*\*/g, "");
}

// A sentence ends with a mark that a space and a capital, a figure or a name follow.
export function sentences(text) {
  return text.split(/(?<=[.!?]["')]?) (?=[A-Z0-9x`"(])/).filter((sentence) => /\w/.test(sentence));
}

// Counts words, sentences, each pattern, and sentences with a colon inside in one paragraph.
export function count(text) {
  const found = Object.fromEntries(COUNTS.map(({ name, pattern }) => [name, text.match(pattern)?.length ?? 0]));
  const all = sentences(text);
  const colons = all.filter((sentence) => /\w\)?: \S/.test(sentence)).length;
  return { words: text.match(/[A-Za-z][\w'-]*/g)?.length ?? 0, sentences: all.length, colons, ...found };
}

export const add = (into, more) => {
  for (const [name, value] of Object.entries(more)) into[name] = (into[name] ?? 0) + value;
  return into;
};

// Returns the counts as the table has them, colons in per cent of the sentences, everything else per 10 000 words.
export function rates(total) {
  const rate = (value, of, scale) => (of ? (value * scale) / of : 0);
  const shown = Object.fromEntries(COUNTS.map(({ name }) => [name, rate(total[name] ?? 0, total.words, 10_000)]));
  return { ...shown, colons: rate(total.colons ?? 0, total.sentences, 100) };
}

export function above(total) {
  const found = rates(total);
  return [...COUNTS, COLONS].filter(({ name, bound }) => found[name] > bound);
}

function table(rooms) {
  const columns = [...COUNTS, COLONS].map(({ name }) => name);
  const row = (name, words, values) => [name.padEnd(16), String(words).padStart(7), ...values.map((v) => v.padStart(8))].join("");
  console.log(row("", "words", columns));
  for (const [name, total] of rooms) {
    const found = rates(total);
    console.log(row(name, total.words ?? 0, columns.map((column) => found[column].toFixed(1))));
  }
  console.log(row("at most", "", [...COUNTS, COLONS].map(({ bound }) => (bound === undefined ? "" : String(bound)))));
}

function list(path, found) {
  for (const { line, text } of found) {
    const counted = count(text);
    const names = [...COUNTS, COLONS].map(({ name }) => name).filter((name) => counted[name]);
    if (names.length) console.log(`${path}:${line}: ${names.join(" ")}: ${text}`);
  }
}

function main(options) {
  const listed = options.includes("--list");
  const named = options.filter((option) => !option.startsWith("--"));
  const files = execFileSync("git", ["ls-files", "-z", "--", ...named], { encoding: "utf8" }).split("\0").filter(Boolean);
  const rooms = new Map(ROOMS.map((room) => [room, {}]));
  const total = {};
  for (const path of files) {
    const room = ROOMS.find((name) => path.startsWith(`${name}/`)) ?? "the rest";
    const found = paragraphs(path, readFileSync(path, "utf8"));
    if (listed) list(path, found);
    if (!rooms.has(room)) rooms.set(room, {});
    for (const { text } of found) for (const into of [rooms.get(room), total]) add(into, count(text));
  }
  if (listed) return;
  table([...[...rooms].filter(([, { words }]) => words), ["all", total]]);
  const high = above(total);
  if (high.length) {
    console.error(`above the bound: ${high.map(({ name }) => name).join(", ")}; --list prints the places, docs/STYLE.md the rules`);
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main(process.argv.slice(2));
