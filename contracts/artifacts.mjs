#!/usr/bin/env node
// Builds the contracts and writes what the rest of the project needs of them to artifacts/<Contract>.json.
// The output depends on the sources and the compiler alone. `--check` writes nothing and fails if a file is stale.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const target = join(root, "artifacts");
const check = process.argv.includes("--check");

// The program itself: npm's wrapper exits with 0 even when forge fails.
const scope = join(root, "../node_modules/@foundry-rs");
const forge = readdirSync(scope)
  .filter((name) => name.startsWith("forge-"))
  .map((name) => join(scope, name, "bin/forge"))
  .find((path) => existsSync(path));
if (!forge) throw new Error("forge is missing: run `cargo xtask setup`");
// A folder of its own: `forge test` in another terminal must not mix its output into ours.
const out = join(root, "out", "artifacts");
execFileSync(forge, ["build", "--skip", "test", "--out", out, "--cache-path", join(root, "cache", "artifacts")], {
  cwd: root,
  stdio: ["ignore", process.stderr, process.stderr],
});

const wanted = new Map();
for (const folder of readdirSync(out).sort()) {
  if (!folder.endsWith(".sol")) continue;
  for (const file of readdirSync(join(out, folder)).sort()) {
    const built = JSON.parse(readFileSync(join(out, folder, file), "utf8"));
    const [source, contractName] = Object.entries(built.metadata.settings.compilationTarget)[0];
    // A contract that was deleted or renamed can linger in the output folder; a library of ours is always inlined.
    if (!source.startsWith("src/") || !existsSync(join(root, source))) continue;
    if (!new RegExp(`^contract ${contractName}\\b`, "m").test(readFileSync(join(root, source), "utf8"))) continue;
    if (built.bytecode.object === "0x") continue;
    if (wanted.has(contractName)) throw new Error(`two contracts are called ${contractName}`);
    wanted.set(contractName, render(contractName, source, built));
  }
}

function render(contractName, source, built) {
  // The compiler numbers immutables by syntax tree, which depends on what else was compiled; positions do not.
  const immutables = Object.values(built.deployedBytecode.immutableReferences ?? {});
  immutables.sort((a, b) => a[0].start - b[0].start);
  const artifact = {
    contractName,
    source,
    abi: built.abi,
    methodIdentifiers: built.methodIdentifiers,
    immutableReferences: immutables,
    bytecode: built.bytecode.object,
    deployedBytecode: built.deployedBytecode.object,
  };
  return JSON.stringify(artifact, null, 1) + "\n";
}

mkdirSync(target, { recursive: true });
const stale = [];
for (const [name, text] of wanted) {
  const path = join(target, `${name}.json`);
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  stale.push(name);
  if (!check) writeFileSync(path, text);
}
for (const file of readdirSync(target)) {
  if (!file.endsWith(".json") || wanted.has(file.slice(0, -5))) continue;
  stale.push(file);
  if (!check) rmSync(join(target, file));
}
if (check && stale.length > 0) {
  console.error(`stale artifacts: ${stale.join(", ")}; run contracts/artifacts.mjs`);
  process.exitCode = 1;
} else {
  console.error(`${wanted.size} artifacts${stale.length ? `, changed: ${stale.join(", ")}` : ", all fresh"}`);
}
