// duckdb.mjs: P3's question in DuckDB, one thread: SUM by (window, key) over a table in memory.
//     node duckdb.mjs KEYS_WINDOW...    e.g. 10000_1000000; prints of each
//     "duckdb_KEYS_WINDOW MILLION_ROWS_A_CPU_SECOND"
// @duckdb/node-api is looked for in DUCKDB_AT/node_modules.
import { createRequire } from "node:module";

const require = createRequire(process.env.DUCKDB_AT + "/");
const { DuckDBInstance } = require("@duckdb/node-api");

const ROWS = 10000000;
const db = await (await DuckDBInstance.create(":memory:")).connect();
await db.run("SET threads = 1");

for (const shape of process.argv.slice(2)) {
    const [keys, window] = shape.split("_");
    await db.run(`CREATE OR REPLACE TABLE t AS
        SELECT (hash(i) % ${keys})::BIGINT * 7919 AS k, (hash(i + 7) % 1000)::BIGINT AS v,
            i AS moment
        FROM range(${ROWS}) r(i)`);
    const start = process.cpuUsage();
    const answer = await db.runAndReadAll(`SELECT count(*), sum(s) FROM
        (SELECT moment // ${window} AS w, k, sum(v) AS s FROM t GROUP BY w, k)`);
    const used = process.cpuUsage(start);
    if (answer.getRows()[0][0] < 1n) throw new Error("no groups");
    console.log(`duckdb_${shape} ${(ROWS / (used.user + used.system)).toFixed(3)}`);
}
