#!/usr/bin/env node
// Removes each check of the STARK verifier (src/zk), and of the modules that take its proofs, in turn, in a copy, and fails
// if the tests do not notice. Minutes.
//     node removals.mjs [Contract…]
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(fileURLToPath(import.meta.url));
const modules = join(root, "../node_modules");
const scope = join(modules, "@foundry-rs");
const forge = readdirSync(scope)
  .filter((name) => name.startsWith("forge-"))
  .map((name) => join(scope, name, "bin/forge"))
  .find((path) => existsSync(path));
if (!forge) throw new Error("forge is missing: run `cargo xtask setup`");

const copy = mkdtempSync(join(tmpdir(), "removals-"));
const work = join(copy, "contracts");
symlinkSync(modules, join(copy, "node_modules"));
for (const name of ["foundry.toml", "src", "test", "tools", "snapshots"]) {
  cpSync(join(root, name), join(work, name), { recursive: true });
}
symlinkSync("../node_modules", join(work, "node_modules"));

// What is left of a removed check may be an unused variable: no warning may stop the build.
function failure(path) {
  const env = { ...process.env, FOUNDRY_DENY: "never" };
  const run = spawnSync(forge, ["test", "--match-path", path, "--fail-fast"], { cwd: work, env, encoding: "utf8" });
  if (run.status === 0) return undefined;
  const name = run.stdout.match(/\[FAIL.*\] (\w+)/)?.[1];
  if (!name) throw new Error(run.stdout + run.stderr);
  return name;
}

const groups = [
  {
    folder: "src/zk",
    files: undefined,
    paths: ["test/zk/{Forged,Stark,Transcript,Ext4,Rows}.t.sol", "test/zk/{Mutations,StarkKeyStore}.t.sol"],
  },
  {
    folder: "src/validity",
    files: ["BondedClaims", "HybridProof", "ValidityProofs", "ZkProof"],
    paths: ["test/zk/{ZkProof,ProgramClaim}.t.sol", "test/dispute/{HybridProof,FaultProofClaims}.t.sol"],
  },
];
const names = process.argv.slice(2);
const wanted = (file, files) => [names.length > 0 ? names : undefined, files].every((list) => list?.includes(file) ?? true);
const noticed = (paths) => paths.reduce((found, path) => found ?? failure(path), undefined);
let survivors = 0;
try {
  for (const { folder, files, paths } of groups) {
    const sources = readdirSync(join(work, folder)).filter((file) => wanted(basename(file, ".sol"), files));
    if (sources.length > 0 && noticed(paths)) throw new Error("the tests fail as they are");
    for (const file of sources.sort()) remove(join(work, folder, file), paths);
  }
} finally {
  rmSync(copy, { recursive: true });
}

function remove(path, paths) {
  const source = readFileSync(path, "utf8");
  for (const check of source.matchAll(/if \((.*)\) revert (\w+)/g)) {
    const removed = `if ((${check[1]}) && false) revert ${check[2]}`;
    writeFileSync(path, source.slice(0, check.index) + removed + source.slice(check.index + check[0].length));
    const by = noticed(paths);
    if (!by) survivors += 1;
    const line = source.slice(0, check.index).split("\n").length;
    console.log(`${basename(path)}:${line} ${check[2]}: ${by ?? "NOT NOTICED"}`);
  }
  writeFileSync(path, source);
}

process.exit(survivors === 0 ? 0 : 1);
