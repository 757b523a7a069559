// The comparison of the languages' files (script/locale-keys.mjs).

import assert from "node:assert/strict";
import { test } from "node:test";

import { differences } from "../../script/locale-keys.mjs";

const KO = { call: { button: "도움 요청", count: "{{ count }}건" } };

test("languages with the same keys and placeholders do not differ", () => {
  assert.deepEqual(differences({ ko: KO, en: { call: { count: "{{count}} calls", button: "Call" } } }), []);
});

test("a missing key, a further key, an empty text and another placeholder are each named", () => {
  assert.deepEqual(differences({ ko: KO, en: { call: { count: "{{ calls }}" }, extra: "x" } }), [
    "en: call.button is missing",
    "en: call.count has other placeholders than ko",
    "ko: extra is missing",
  ]);
  assert.deepEqual(differences({ ko: KO, en: { call: { button: " ", count: "{{ count }}" } } }), ["en: call.button is empty"]);
});
