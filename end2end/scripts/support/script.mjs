// Loads a plain script of public/ as a browser's worker does, so that everything at its top level is global.

import { readFileSync } from "node:fs";
import vm from "node:vm";

/** The global scope of a worker that has loaded the script; `globals` stands for what the browser gives it. */
export function load(path, globals = {}) {
  const scope = vm.createContext({ console, setTimeout, clearTimeout, AbortSignal, URL, Headers, Response, crypto, ...globals });
  scope.self = scope;
  vm.runInContext(readFileSync(new URL(`../../../public/${path}`, import.meta.url), "utf8"), scope, { filename: path });
  return scope;
}

/** The value of an expression in that scope, where constants of the script are known, too. */
export const valueOf = (scope, expression) => vm.runInContext(expression, scope);
