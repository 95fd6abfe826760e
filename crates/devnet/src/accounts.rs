//! The dev accounts: keys that everybody knows, derived from a mnemonic.

use alloy::signers::local::coins_bip39::English;
use alloy::signers::local::{MnemonicBuilder, PrivateKeySigner};
use alloy_primitives::{Address, U256};

use crate::config::{Config, MAX_ACCOUNTS};
use crate::error::Error;

const WEI_PER_ETHER: u64 = 1_000_000_000_000_000_000;

/// Funded accounts whose keys the devnet holds.
#[derive(Clone, Debug)]
pub struct Accounts {
    signers: Vec<PrivateKeySigner>,
    balance: U256,
}

impl Accounts {
    /// Derives the accounts that `config` asks for.
    pub fn derive(config: &Config) -> Result<Self, Error> {
        if config.accounts > MAX_ACCOUNTS {
            let reason = format!("{} is more than {MAX_ACCOUNTS}", config.accounts);
            return Err(Error::Config { field: "accounts", reason });
        }
        let builder = MnemonicBuilder::<English>::default().phrase(config.mnemonic.as_str());
        let signers = (0..config.accounts)
            .map(|i| builder.clone().index(i).and_then(|b| b.build()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Error::Config { field: "mnemonic", reason: e.to_string() })?;
        let balance = U256::from(config.balance_ether) * U256::from(WEI_PER_ETHER);
        Ok(Self { signers, balance })
    }

    /// Addresses in order of derivation.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        self.signers.iter().map(PrivateKeySigner::address)
    }

    /// Signers in order of derivation.
    pub fn signers(&self) -> &[PrivateKeySigner] {
        &self.signers
    }

    /// What each account owns at genesis, in wei.
    pub fn balance(&self) -> U256 {
        self.balance
    }

    /// The key of `address`, if it is a dev account.
    pub fn signer(&self, address: Address) -> Option<&PrivateKeySigner> {
        self.signers.iter().find(|s| s.address() == address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::address;

    #[test]
    fn the_first_two_accounts_are_the_ones_that_everybody_knows() {
        let accounts = Accounts::derive(&Config::default()).unwrap();
        let first: Vec<_> = accounts.addresses().take(2).collect();
        assert_eq!(
            first,
            [
                address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
                address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"),
            ]
        );
        assert_eq!(accounts.addresses().count(), 10);
    }

    #[test]
    fn a_bad_mnemonic_is_named() {
        let config = Config { mnemonic: "test test".to_owned(), ..Config::default() };
        let error = Accounts::derive(&config).unwrap_err().to_string();
        assert!(error.contains("mnemonic"), "{error}");
    }
}
