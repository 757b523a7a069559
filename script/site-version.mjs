// `node script/site-version.mjs SITE` writes SITE/site.json, the list of the site's files with their SHA-256 and one
// version for all of them. Pages name the version when they ask for files, and the service worker keeps the files of
// one version together (public/worker/shell.js).

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";

const [site] = process.argv.slice(2);
const LIST = "site.json";

const sha256 = (content) => createHash("sha256").update(content).digest("hex");
// No page asks for the compressed siblings by name; types are for programmers.
const isAskedFor = (path) => path !== LIST && !/\.(br|d\.ts)$/.test(path) && statSync(join(site, path)).isFile();
const paths = readdirSync(site, { recursive: true }).filter(isAskedFor).sort();
const files = Object.fromEntries(
  paths.map((path) => [`/${path.split(sep).join("/")}`, sha256(readFileSync(join(site, path)))]),
);
const version = sha256(JSON.stringify(files)).slice(0, 16);
writeFileSync(join(site, LIST), `${JSON.stringify({ version, files }, null, 1)}\n`);
