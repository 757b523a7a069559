// The beginning and the end of each file of tests, with the program, its residents signed in, and no socket left open.

import { after, afterEach, before } from "node:test";

import { Listener } from "./listener.mjs";
import { signIn } from "./people.mjs";
import { startProgram } from "./program.mjs";

/** Starts the program for the tests of one file; what it gives is filled in before the first test. */
export function house() {
  const of = { listeners: [] };

  before(async () => {
    of.program = await startProgram();
    of.origin = of.program.origin;
    of.caller = await signIn(of.origin, "resident-1203");
    of.neighbour = await signIn(of.origin, "resident-1204");
    of.another = await signIn(of.origin, "resident-1301");
    of.elsewhere = await signIn(of.origin, "resident-0501");
    of.office = await signIn(of.origin, "admin");
  });

  afterEach(async () => {
    await Promise.all(of.listeners.splice(0).map((listener) => listener.leave()));
  });

  after(async () => of.program?.stop());

  /** A listener on the person's own line, or on the one that is named. */
  of.listen = async (person, { line = person.resident.line, ...headers } = {}) => {
    const listener = await Listener.on(line, person, headers);
    of.listeners.push(listener);
    return listener;
  };

  /** A listener that is closed after the test. */
  of.keep = (listener) => {
    of.listeners.push(listener);
    return listener;
  };

  return of;
}
