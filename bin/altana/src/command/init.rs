//! `altana init`: write `chain.toml`.

use crate::{cli, output, stack::accounts::Accounts};
use alloy::primitives::Address;
use altana_contracts::{Delays, RollupConfig};
use anyhow::{Context, Result, ensure};
use serde_json::json;

/// Head of the file: what a reader has to decide.
const HEAD: &str = "\
# An Altana rollup. `altana deploy` reads this file; nothing in it can change afterwards but the
# roles, behind the timelock. Durations are seconds of the parent's clock, fees are wei.
";

/// Writes the configuration.
pub fn run(args: cli::Init, json: bool) -> Result<()> {
    let path = &args.path;
    ensure!(
        args.force || !path.exists(),
        "{} exists: choose another name, or overwrite it with --force",
        path.display()
    );
    let mut config = RollupConfig::development(&Accounts::test().addresses());
    if !args.dev {
        config.delays = Delays::production();
        config.balances.clear();
        config.name = "my-rollup".into();
        let nobody = Address::ZERO;
        let roles = &mut config.roles;
        for role in
            [&mut roles.batcher, &mut roles.guardian, &mut roles.owner, &mut roles.fee_recipient]
        {
            *role = nobody;
        }
    }
    config = config.with_preset(args.preset.into());
    if let Some(chain_id) = args.chain_id {
        config.chain_id = chain_id;
    }
    if let Some(name) = args.name {
        config.name = name;
    }
    std::fs::write(path, format!("{HEAD}\n{}", config.to_toml()))
        .with_context(|| format!("cannot write {}", path.display()))?;
    output::result(json, &json!({"written": path}), || {
        let next = if args.dev { "" } else { " name the accounts under [roles]," };
        format!("{} is written:{next} then run `altana deploy`", path.display())
    })
}
