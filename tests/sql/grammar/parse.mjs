// Prints a line per SQL file: "FILE ok" or "FILE line:column message"; exit 1 when one does not parse.
import fs from "node:fs";
import { TrinoSQL } from "dt-sql-parser";

const parser = new TrinoSQL();
let failed = false;
for (const file of process.argv.slice(2)) {
  // A value of its kind for each placeholder; of UNLOAD, which is Athena's own, the SELECT.
  const values = { days: "(20251001, 0, 86400, 2025093023, 2025100423)", partition_filter: "year = 2025" };
  const sql = fs.readFileSync(file, "utf8")
    .replace(/\$?\$\{(\w+)\}/g, (_, name) => values[name] ?? name)
    .replace(/^UNLOAD \(([^]*)\) TO '[^]*$/m, "$1");
  const [error] = parser.validate(sql);
  failed ||= Boolean(error);
  console.log(file, error ? `${error.startLine}:${error.startColumn} ${error.message}` : "ok");
}
process.exitCode = failed ? 1 : 0;
