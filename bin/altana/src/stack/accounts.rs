//! The accounts of the usual test mnemonic.

use alloy::{
    network::EthereumWallet,
    primitives::Address,
    signers::local::{MnemonicBuilder, PrivateKeySigner, coins_bip39::English},
};

/// The mnemonic that every Ethereum development tool knows.
pub const MNEMONIC: &str = altana_devnet::DEFAULT_MNEMONIC;
/// How many accounts are funded.
pub const COUNT: usize = 10;

/// Funded test accounts.
#[derive(Clone, Debug)]
pub struct Accounts(Vec<PrivateKeySigner>);

impl Accounts {
    /// The first [`COUNT`] accounts of the test mnemonic.
    pub fn test() -> Self {
        let account = |index: usize| {
            MnemonicBuilder::<English>::default()
                .phrase(MNEMONIC)
                .index(index as u32)
                .and_then(|builder| builder.build())
                .expect("a constant mnemonic and a small index")
        };
        Self((0..COUNT).map(account).collect())
    }

    /// All addresses, in order.
    pub fn addresses(&self) -> Vec<Address> {
        self.0.iter().map(PrivateKeySigner::address).collect()
    }

    /// One account's key.
    pub fn signer(&self, index: usize) -> &PrivateKeySigner {
        &self.0[index]
    }

    /// A wallet that signs for one account.
    pub fn wallet(&self, index: usize) -> EthereumWallet {
        EthereumWallet::from(self.0[index].clone())
    }

    /// All keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = &PrivateKeySigner> {
        self.0.iter()
    }
}
