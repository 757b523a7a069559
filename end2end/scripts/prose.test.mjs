// The counts of words and turns in comments (script/prose.mjs), with the choice of text, and the bounds.

import assert from "node:assert/strict";
import { test } from "node:test";

import { above, add, count, paragraphs, rates, sentences } from "../../script/prose.mjs";

const texts = (path, source) => paragraphs(path, source).map(({ text }) => text);

test("Rust comments are prose, and code, strings and fenced examples are not", () => {
  const source = [
    "//! The head of the file",
    "//! goes on here.",
    "",
    '/// Returns `tell` and "told".',
    "/// ```",
    "/// told();",
    "/// ```",
    'fn said() { let url = "https://told.example"; } // Trailing.',
  ].join("\n");
  assert.deepEqual(texts("a.rs", source), ["The head of the file goes on here.", "Returns x and x.", "Trailing."]);
});

test("comments of scripts, style sheets and settings are prose", () => {
  assert.deepEqual(texts("script/a", "#!/usr/bin/env bash\n# One.\necho '# no'\n# Two."), ["One.", "Two."]);
  assert.deepEqual(texts("a.css", "/* One\n   and more. */\n.told { }\n/* Two. */"), ["One and more.", "Two."]);
  assert.deepEqual(texts(".env.example", "# One.\nTOLD=1"), ["One."]);
  assert.deepEqual(texts("a.json", '{ "told": 1 }'), []);
});

test("items of a list and rows of a table are paragraphs of their own, and headings and code are left out", () => {
  const source = "# Title\n\nOne\nand more.\n\n- Two.\n- Three.\n\n    told\n\n| a | b |\n|---|---|\n";
  assert.deepEqual(texts("a.md", source), ["One and more.", "Two.", "Three.", "a. b"]);
});

test("a paragraph keeps the line where it begins", () => {
  assert.deepEqual(paragraphs("a.rs", "fn a() {}\n\n// One\n// more.\n"), [{ line: 3, text: "One more." }]);
});

test("each word and turn is counted where a reader meets it", () => {
  const found = count("What is told. He says so: nobody hears it. Also this. Somewhat told: no.");
  assert.deepEqual([found.tell, found.say, found.dialect, found.what, found.of, found.colons], [2, 1, 1, 1, 1, 2]);
  assert.equal(found.sentences, 4);
  assert.deepEqual(sentences("It is 1.5 s, e.g. here. Then?"), ["It is 1.5 s, e.g. here.", "Then?"]);
});

test("a count above its bound is named, and one at its bound is not", () => {
  const total = add({ words: 10_000, sentences: 1_000 }, { colons: 26, say: 1 });
  assert.deepEqual(above(total), []);
  assert.deepEqual(above(add(total, { colons: 1, say: 1 })).map(({ name }) => name), ["say", "colons"]);
  assert.equal(rates(total).say, 2);
});
