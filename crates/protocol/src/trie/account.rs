//! Leaves of the account trie, each with its storage trie.

use super::{InvalidNode, Trie, changes::AccountFields, node::Value, prune, seal::Sealer};
use alloc::vec::Vec;
use alloy_consensus::TrieAccount;
use alloy_primitives::{B256, U256};
use alloy_rlp::{Decodable, Encodable, Header};

/// An account and what is loaded of its storage.
#[derive(Clone, Debug)]
pub struct Account {
    /// Nonce, balance and code.
    pub fields: AccountFields,
    pub(super) storage: Trie<U256>,
    /// Root of `storage` when it was hashed last.
    pub(super) storage_root: B256,
}

impl Account {
    pub(super) fn new(fields: AccountFields, storage: Trie<U256>) -> Self {
        Self { fields, storage, storage_root: B256::ZERO }
    }

    /// Root of the storage trie at the last commit.
    pub const fn storage_root(&self) -> B256 {
        self.storage_root
    }

    /// As the trie holds it.
    pub const fn to_trie_account(&self) -> TrieAccount {
        let AccountFields { nonce, balance, code_hash } = self.fields;
        TrieAccount { nonce, balance, code_hash, storage_root: self.storage_root }
    }
}

impl Value for Account {
    fn encode_value(&self, out: &mut Vec<u8>) {
        let AccountFields { nonce, balance, code_hash } = &self.fields;
        let root = &self.storage_root;
        let payload_length = nonce.length() + balance.length() + root.length() + code_hash.length();
        Header { list: true, payload_length }.encode(out);
        nonce.encode(out);
        balance.encode(out);
        root.encode(out);
        code_hash.encode(out);
    }

    fn decode_value(mut rlp: &[u8]) -> Result<Self, InvalidNode> {
        let account = (|| {
            let mut payload = Header::decode_bytes(&mut rlp, true)?;
            let (nonce, balance) = (u64::decode(&mut payload)?, U256::decode(&mut payload)?);
            let storage_root = B256::decode(&mut payload)?;
            let code_hash = B256::decode(&mut payload)?;
            if !payload.is_empty() || !rlp.is_empty() {
                return Err(alloy_rlp::Error::UnexpectedLength);
            }
            let fields = AccountFields { nonce, balance, code_hash };
            Ok(Self { fields, storage: Trie::at(storage_root), storage_root })
        })();
        account.map_err(|_| InvalidNode::Value)
    }

    fn seal(&mut self, sealer: &mut Sealer) {
        self.storage_root = self.storage.seal(sealer);
    }

    fn prune(&mut self, epoch: u32) -> usize {
        prune::prune(&mut self.storage.root, epoch)
    }

    fn count(&self, age: &mut dyn FnMut(u32)) {
        prune::count(&self.storage.root, age);
    }
}
