// `node script/brotli.mjs DIRECTORY` lays a brotli-compressed sibling (.br) beside every .wasm, .js and .css in it that
// has none yet. They are compressed once here, at the best quality, so that the server has nothing to compress for
// these.

import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const compress = (directory) => {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      compress(path);
    } else if (/\.(wasm|js|css)$/.test(entry.name) && !existsSync(`${path}.br`)) {
      const plain = readFileSync(path);
      writeFileSync(
        `${path}.br`,
        brotliCompressSync(plain, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
            [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
            // The way in which distances are written. It is the best of those tried for the wasm, by 0.2 %.
            [constants.BROTLI_PARAM_NPOSTFIX]: 1,
            [constants.BROTLI_PARAM_NDIRECT]: 30,
          },
        }),
      );
    }
  }
};

compress(process.argv[2]);
