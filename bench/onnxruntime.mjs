// onnxruntime.mjs: milliseconds an image of networks in ONNX Runtime, one thread.
//     node onnxruntime.mjs MILLISECONDS BATCH MODEL.onnx...    prints "<name>_<batch> <ms>" of each
// The package onnxruntime-node is looked for in ONNXRUNTIME_AT/node_modules.
import { createRequire } from "node:module";
import { basename } from "node:path";

const require = createRequire(process.env.ONNXRUNTIME_AT + "/");
const ort = require("onnxruntime-node");
const [budget, batch, ...models] = process.argv.slice(2);
const options = {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
};

function inputs(session) {
    const feeds = {};
    for (const port of session.inputMetadata) {
        const dims = port.shape.map((d, i) => (i === 0 ? Number(batch) : Number(d)));
        const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, Math.random);
        feeds[port.name] = new ort.Tensor("float32", data, dims);
    }
    return feeds;
}

for (const path of models) {
    const session = await ort.InferenceSession.create(path, options);
    const feeds = inputs(session);
    for (let i = 0; i < 2; i++) await session.run(feeds);
    const took = [];
    for (let sum = 0; sum < Number(budget) || took.length < 3; ) {
        const start = process.hrtime.bigint();
        await session.run(feeds);
        took.push(Number(process.hrtime.bigint() - start) / 1e6);
        sum += took.at(-1);
    }
    took.sort((a, b) => a - b);
    const ms = took[took.length >> 1] / Number(batch);
    console.log(`${basename(path, ".onnx")}_${batch} ${ms.toFixed(5)}`);
}
