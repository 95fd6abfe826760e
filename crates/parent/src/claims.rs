//! Make claims, and play the game over them (docs/dispute.md).

use crate::{Parent, ParentError, Sender, sender::Sent};
use alloy::{
    contract::Error as ContractError,
    eips::BlockId,
    primitives::{Address, B256, Bytes, U256},
    providers::DynProvider,
    rpc::json_rpc::ErrorPayload,
    sol_types::{SolCall, SolInterface, SolValue},
};
use altana_contracts::bindings::{
    Claim::{self as ClaimContract, ClaimInstance},
    Edge,
    FaultProof::{self, EdgeState, FaultProofCalls, FaultProofInstance},
    Settlement::{self, SettlementInstance},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Claims that are asked for at once: the contract looks up how each stands.
const PAGE: u64 = 16;
/// Edges that are asked for at once.
const EDGES_MAX: usize = 128;
/// `ClaimStatus.Final`.
const FINAL: u8 = 2;

/// A call of `Settlement.propose`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The claim that this one builds on.
    pub parent: Claim,
    /// Last batch whose state is claimed.
    pub batch_index: u64,
    /// Hash of that batch's header.
    pub batch_hash: B256,
    /// Output root after the batch.
    pub output_root: B256,
    /// Number of its last block.
    pub last_block: u64,
    /// What ties the claim to its history (docs/dispute.md §3).
    pub data: Bytes,
}

/// A claim as the Settlement has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// Its contract. The address commits to everything that the claim says.
    pub address: Address,
    /// Its place in the list (0 is the genesis).
    pub index: u64,
    /// The claim it builds on.
    pub parent_claim: u64,
    /// Last batch whose state is claimed.
    pub batch_index: u64,
    /// Output root.
    pub output_root: B256,
    /// Number of the last block.
    pub last_block: u64,
    /// keccak256 of the data that it was made with.
    pub data_hash: B256,
    /// When it was made, in seconds of the parent's clock.
    pub created_at: u64,
}

/// The rules of a chain's game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GameTerms {
    /// The challenge window, in seconds.
    pub window_s: u64,
    /// Initial state of the program that decides.
    pub program_hash: B256,
    /// Wei that a descent to level 1 and to level 2 brings.
    pub level_bonds: [U256; 2],
}

/// The claims that are not decided, and the one on which all of them build.
#[derive(Clone, Debug, Default)]
pub struct OpenClaims {
    /// The newest final claim that is known.
    pub last_final: Claim,
    /// Indices of claims that have become final since the one that was known, oldest first.
    pub finals: Vec<u64>,
    /// Everything younger that was not rejected, oldest first.
    pub pending: Vec<Claim>,
    /// Indices of claims that were rejected, from [`OpenClaims::first_listed`] on.
    pub rejected: Vec<u64>,
    /// Where the list began.
    pub first_listed: u64,
}

/// How a claim stands.
#[derive(Clone, Debug)]
pub struct ClaimStanding {
    /// Its root edge.
    pub state: EdgeState,
    /// When it is final if nothing more happens to it, in seconds of the parent's clock.
    pub expected_at: u64,
}

/// Reads a chain's claims, and the game over them.
#[derive(Clone, Debug)]
pub struct ClaimReader {
    /// The connection to ask.
    pub parent: Parent,
    /// The Settlement.
    pub settlement: Address,
    /// The validity module of claims to come.
    pub module: Address,
    /// The first claim under it. What an earlier module has not decided stays so.
    first_claim: u64,
}

impl ClaimReader {
    /// Reads the claims that are decided by the module which decides claims to come: the timelock
    /// may have replaced the one that the chain was deployed with.
    pub async fn connect(parent: Parent, settlement: Address) -> Result<Self, ParentError> {
        let list = Settlement::new(settlement, parent.provider());
        let module = list.validity().call().await.map_err(temporary)?;
        let mut reader = Self { parent, settlement, module, first_claim: 0 };
        // A module that was replaced does not come back, so claims lie in order of their modules.
        let (mut low, mut high) = (1, reader.count().await?);
        while low < high {
            let middle = low + (high - low) / 2;
            if reader.module_of(middle).await? == module {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        reader.first_claim = low;
        Ok(reader)
    }

    /// The game of another module of the chain.
    #[must_use]
    pub fn under(&self, module: Address) -> Self {
        Self { module, ..self.clone() }
    }

    /// Claims that an earlier module had not made final when it was replaced, the newest first.
    pub async fn undecided_before(&self) -> Result<Vec<u64>, ParentError> {
        let mut found = Vec::new();
        for claim in (1..self.first_claim).rev() {
            if self.is_final(claim).await? {
                break;
            }
            found.push(claim);
        }
        Ok(found)
    }

    /// Who decides a claim.
    pub async fn module_of(&self, claim: u64) -> Result<Address, ParentError> {
        self.claim_contract(claim).await?.validity().call().await.map_err(temporary)
    }

    /// The rules of the game. `None`: claims cannot be disputed.
    pub async fn game(&self) -> Result<Option<GameTerms>, ParentError> {
        let game = self.contract();
        let Some(program_hash) = if_there(game.programHash().call().await)? else {
            return Ok(None);
        };
        let level = async |level| game.levelBond(level).call().await.map_err(temporary);
        Ok(Some(GameTerms {
            window_s: game.windowSeconds().call().await.map_err(temporary)?,
            program_hash,
            level_bonds: [level(1).await?, level(2).await?],
        }))
    }

    /// The rules of the game, where there has to be one.
    pub async fn terms(&self) -> Result<GameTerms, ParentError> {
        let none = || ParentError::temporary("claims of this chain cannot be disputed");
        self.game().await?.ok_or_else(none)
    }

    /// What is not decided. `known_final` is a claim that was final when last asked, 0 at first.
    pub async fn open(&self, known_final: u64) -> Result<OpenClaims, ParentError> {
        let module = self.list().validity().call().await.map_err(temporary)?;
        if module != self.module {
            return Err(ParentError::Reset(format!("claims are decided by {module} from now on")));
        }
        let (claims, count) = self.claims_from(known_final).await?;
        // Where another module's claims end may have changed with the list.
        let border = self.first_claim - 1;
        if border > 0 && (border >= count || self.module_of(border).await? == module) {
            return Err(ParentError::Reset(format!("claim {border} is another")));
        }
        let ours = known_final.max(self.first_claim);
        let mut rejected: BTreeSet<u64> = (ours..count).collect();
        claims.iter().for_each(|claim| _ = rejected.remove(&claim.index));
        let mut claims = claims.into_iter();
        let missing = || ParentError::Reset(format!("claim {known_final} is gone"));
        let mut open = OpenClaims {
            last_final: claims.next().ok_or_else(missing)?,
            rejected: rejected.into_iter().collect(),
            first_listed: known_final,
            finals: Vec::new(),
            pending: Vec::new(),
        };
        if known_final > 0 && !self.is_final(known_final).await? {
            return Err(ParentError::Reset(format!("claim {known_final} is not final any more")));
        }
        open.pending.extend(claims);
        let newest = self.newest_final(&open, known_final == 0).await?;
        open.last_final = newest.unwrap_or(open.last_final);
        // What is listed below a final claim is final, too: all else there was rejected.
        let listed = open.pending.iter().map(|claim| claim.index);
        open.finals = listed.filter(|index| *index <= open.last_final.index).collect();
        open.pending.retain(|claim| claim.index > open.last_final.index.max(self.first_claim - 1));
        Ok(open)
    }

    /// The newest of the pending claims that is final. All final claims are one chain: a short one is
    /// followed from its known end, and the end of a long one is looked for from the newest claim.
    async fn newest_final(
        &self,
        open: &OpenClaims,
        is_long: bool,
    ) -> Result<Option<Claim>, ParentError> {
        if is_long {
            for claim in open.pending.iter().rev() {
                if self.is_final(claim.index).await? {
                    return Ok(Some(*claim));
                }
            }
            return Ok(None);
        }
        let (mut newest, mut parent) = (None, open.last_final.index);
        for claim in &open.pending {
            // What is not on top of a final claim is none, and of its rivals the first one tells:
            // had another won, it would not be listed.
            if claim.parent_claim == parent {
                if !self.is_final(claim.index).await? {
                    break;
                }
                (newest, parent) = (Some(*claim), claim.index);
            }
        }
        Ok(newest)
    }

    async fn is_final(&self, claim: u64) -> Result<bool, ParentError> {
        let claim = self.claim_contract(claim).await?;
        Ok(claim.status().call().await.map_err(temporary)? == FINAL)
    }

    /// Claims from this one on that were not rejected, oldest first; and how many there are in all.
    async fn claims_from(&self, first: u64) -> Result<(Vec<Claim>, u64), ParentError> {
        let (settlement, count) = (self.list(), self.count().await?);
        let game = settlement.gameAtIndex(U256::ZERO).call().await.map_err(temporary)?;
        let mut claims = Vec::new();
        let mut newest = count.checked_sub(1);
        while let Some(start) = newest
            && start >= first
        {
            let page =
                settlement.findLatestGames(game.gameType, U256::from(start), U256::from(PAGE));
            let page = page.call().await.map_err(temporary)?;
            let page: Vec<Claim> = page.iter().filter_map(read).collect();
            let Some(oldest) = page.last().map(|claim| claim.index) else { break };
            claims.extend(page.into_iter().filter(|claim| claim.index >= first));
            newest = oldest.checked_sub(1);
        }
        claims.reverse();
        Ok((claims, count))
    }

    /// Who made a claim.
    pub async fn creator(&self, claim: u64) -> Result<Address, ParentError> {
        self.claim_contract(claim).await?.gameCreator().call().await.map_err(temporary)
    }

    async fn count(&self) -> Result<u64, ParentError> {
        Ok(self.list().gameCount().call().await.map_err(temporary)?.saturating_to())
    }

    async fn claim_contract(&self, claim: u64) -> Result<ClaimInstance<&DynProvider>, ParentError> {
        let game = self.list().gameAtIndex(U256::from(claim)).call().await.map_err(temporary)?;
        Ok(ClaimContract::new(game.proxy, self.parent.provider()))
    }

    /// The last batch that a claim on this one covers.
    pub async fn last_batch_for(&self, claim: u64) -> Result<u64, ParentError> {
        self.contract().lastBatchFor(claim).call().await.map_err(temporary)
    }

    /// How edges stand at a block, in order.
    pub async fn look(&self, edges: &[Edge], at: BlockId) -> Result<Vec<EdgeState>, ParentError> {
        let game = self.contract();
        let mut states = Vec::with_capacity(edges.len());
        for edges in edges.chunks(EDGES_MAX) {
            let found = game.look(edges.to_vec()).block(at).call().await.map_err(temporary)?;
            if found.len() != edges.len() {
                return Err(ParentError::temporary("the RPC tells of fewer edges than asked"));
            }
            states.extend(found);
        }
        Ok(states)
    }

    /// How a claim's root edge stands, and when the claim is final.
    pub async fn standing(&self, claim: u64) -> Result<ClaimStanding, ParentError> {
        let game = self.contract();
        let root = game.rootEdge(claim).call().await.map_err(temporary)?;
        let states = game.look(vec![root]).call().await.map_err(temporary)?;
        let state = states.into_iter().next();
        let state = state.ok_or_else(|| ParentError::temporary("the RPC tells of no edge"))?;
        let expected = game.expectedResolution(claim).call().await.map_err(temporary)?;
        Ok(ClaimStanding { state, expected_at: expected })
    }

    /// Which of these moves would be made now if they were made together.
    pub async fn would_be_made(&self, moves: &[FaultProofCalls]) -> Result<Vec<bool>, ParentError> {
        let moves = moves.iter().map(|call| call.abi_encode().into()).collect();
        self.contract().multi(moves).call().await.map_err(temporary)
    }

    /// Wei that the contract owes to an account.
    pub async fn withdrawable(&self, account: Address) -> Result<U256, ParentError> {
        self.contract().withdrawable(account).call().await.map_err(temporary)
    }

    fn contract(&self) -> FaultProofInstance<&DynProvider> {
        FaultProof::new(self.module, self.parent.provider())
    }

    fn list(&self) -> SettlementInstance<&DynProvider> {
        Settlement::new(self.settlement, self.parent.provider())
    }
}

/// Makes claims and moves from one account.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The account.
    pub sender: Sender,
    /// The chain's claims.
    pub reader: ClaimReader,
}

impl Claims {
    /// `Settlement.propose`, with the bond that is due.
    pub async fn propose(&self, proposal: &Proposal) -> Result<Sent, ParentError> {
        let claimant = self.sender.address();
        let bond = self.reader.contract().bond(proposal.parent.index, claimant).call().await;
        let call = Settlement::proposeCall {
            parent: proposal.parent.address,
            batchIndex: proposal.batch_index,
            batchHash: proposal.batch_hash,
            outputRoot: proposal.output_root,
            lastBlock: proposal.last_block,
            data: proposal.data.clone(),
        };
        let data = call.abi_encode().into();
        super::batches::send(
            &self.sender,
            self.reader.settlement,
            bond.map_err(temporary)?,
            data,
            Vec::new(),
        )
        .await
    }

    /// A call of the fault proof.
    pub async fn play(&self, call: FaultProofCalls, value: U256) -> Result<Sent, ParentError> {
        let data = call.abi_encode().into();
        super::batches::send(&self.sender, self.reader.module, value, data, Vec::new()).await
    }
}

/// What a function of a contract says. `None`: the contract has no such function.
pub(crate) fn if_there<T>(answer: Result<T, ContractError>) -> Result<Option<T>, ParentError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(ContractError::TransportError(error))
            if error.as_error_resp().is_some_and(reverted) =>
        {
            Ok(None)
        }
        Err(error) => Err(temporary(error)),
    }
}

/// Whether an RPC says that a call reverted, and not that it cannot answer now.
fn reverted(error: &ErrorPayload) -> bool {
    error.as_revert_data().is_some() || error.message.to_lowercase().contains("revert")
}

pub(crate) fn temporary(error: ContractError) -> ParentError {
    ParentError::temporary(error)
}

fn read(game: &Settlement::GameSearchResult) -> Option<Claim> {
    type Extra = (U256, u64, u64, B256);
    let (last_block, batch_index, parent_claim, data_hash) =
        Extra::abi_decode_params(&game.extraData).ok()?;
    Some(Claim {
        address: Address::from_word(game.metadata),
        index: game.index.try_into().ok()?,
        parent_claim,
        batch_index,
        output_root: game.rootClaim,
        last_block: last_block.try_into().ok()?,
        data_hash,
        created_at: game.timestamp,
    })
}
