//! What a person may type.

use alloy::primitives::{Address, B256, Bytes, U256};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{net::SocketAddr, path::PathBuf};

/// One stack for every family of Ethereum Layer 2.
///
/// Results go to stdout, everything else to stderr. Flags win over environment variables. Keys are
/// read from the environment or from files, never from the command line.
#[derive(Debug, Parser)]
#[command(name = "altana", version, propagate_version = true)]
pub struct Cli {
    /// Print the result as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start an embedded parent chain and a rollup on it, with funded accounts.
    Dev(Dev),
    /// Tell a story end to end against a fresh devnet; exit non-zero if a promise is broken.
    Demo(Demo),
    /// Write a chain's configuration, `chain.toml`.
    Init(Init),
    /// Deploy a chain's contracts to its parent.
    Deploy(Deploy),
    /// Run a node of a deployed chain.
    Node(Node),
    /// Move funds between the parent and the rollup.
    Bridge(Bridge),
    /// Commit what waits in the queue, as anyone may when the sequencer is dead.
    Rescue(Rescue),
    /// Look at the claims that are disputed, or answer the wrong ones.
    Dispute(Dispute),
    /// Recompute a chain from its parent alone, and print the output root.
    Rebuild(Rebuild),
    /// Measure, side by side with a peer or a bound.
    Bench(Bench),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print this help as Markdown (docs/cli.md).
    #[command(hide = true)]
    HelpMarkdown,
}

/// `altana dev`.
#[derive(Clone, Debug, Args)]
pub struct Dev {
    /// Port of the rollup's JSON-RPC (HTTP and WebSocket).
    #[arg(long, default_value_t = 9545, env = "ALTANA_PORT")]
    pub port: u16,
    /// Port of the embedded parent's JSON-RPC, WebSocket and beacon routes.
    #[arg(long, default_value_t = 8545, env = "ALTANA_PARENT_PORT")]
    pub parent_port: u16,
    /// Use this parent chain instead of the embedded one; the test accounts must be funded on it.
    #[arg(long, value_name = "URL", env = "ALTANA_PARENT")]
    pub parent: Option<String>,
    /// Beacon API of the parent, if not under the same URL.
    #[arg(long, value_name = "URL", env = "ALTANA_BEACON", requires = "parent")]
    pub beacon: Option<String>,
    /// Seconds between blocks of the embedded parent.
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    pub parent_block_time: u64,
    /// Time between rollup blocks.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 1000)]
    pub block_time: u64,
    /// What makes claims final [default: that of the folder's chain, else optimistic].
    #[arg(long, value_enum)]
    pub preset: Option<Preset>,
    /// Program that makes validity proofs [default: `altana-prover` beside this program, or in PATH].
    #[arg(long, value_name = "FILE", env = "ALTANA_PROVER")]
    pub prover: Option<PathBuf>,
    /// How long a claim can be disputed [default: 4, or 1800 on a hybrid, where proofs take minutes].
    #[arg(long, value_name = "SECONDS")]
    pub challenge_window: Option<u64>,
    /// Make no claims but against wrong ones.
    #[arg(long)]
    pub no_claims: bool,
    /// Keep the chains here and go on from them the next time [default: a temporary folder].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// The family of a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Claims are final when nobody contradicts them in time; a dispute finds the wrong one.
    #[default]
    Optimistic,
    /// Claims are final when they are proved.
    ZkRollup,
    /// Optimistic, and a validity proof makes a claim final at once.
    Hybrid,
}

impl From<Preset> for altana_contracts::Preset {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Optimistic => Self::Optimistic,
            Preset::ZkRollup => Self::ZkRollup,
            Preset::Hybrid => Self::Hybrid,
        }
    }
}

/// `altana demo`.
#[derive(Clone, Debug, Args)]
pub struct Demo {
    /// The story.
    pub scenario: Scenario,
    /// Use this parent chain (an anvil, say) instead of the embedded one.
    #[arg(long, value_name = "URL")]
    pub parent: Option<String>,
    /// Prove afresh on this machine (`zk`): some minutes on two cores, and 8 GB of memory.
    #[arg(long)]
    pub prove: bool,
    /// Program that makes validity proofs [default: `altana-prover` beside this program, or in PATH].
    #[arg(long, value_name = "FILE", env = "ALTANA_PROVER", requires = "prove")]
    pub prover: Option<PathBuf>,
    /// Write the proof here, as it is committed.
    #[arg(long, value_name = "DIR", requires = "prove", hide = true)]
    pub save: Option<PathBuf>,
}

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Deposit ether and a token, transact, publish blobs, rebuild from the parent, withdraw both.
    Rollup,
    /// Force a transaction past a sequencer that ignores its sender, and past a dead one.
    Censored,
    /// Four thieves claim wrong states; each is caught at one instruction and loses its bond.
    Fraud,
    /// A validity proof makes a claim final on a zk-rollup, and ends a dispute on a hybrid one.
    Zk,
}

/// `altana init`.
#[derive(Clone, Debug, Args)]
pub struct Init {
    /// Where to write it.
    #[arg(default_value = "chain.toml")]
    pub path: PathBuf,
    /// Chain id of the new chain.
    #[arg(long)]
    pub chain_id: Option<u64>,
    /// Name of the new chain.
    #[arg(long)]
    pub name: Option<String>,
    /// What makes claims final.
    #[arg(long, value_enum, default_value_t)]
    pub preset: Preset,
    /// Short windows and funded test accounts instead of production values.
    #[arg(long)]
    pub dev: bool,
    /// Overwrite the file.
    #[arg(long)]
    pub force: bool,
}

/// Where the parent chain is.
#[derive(Clone, Debug, Args)]
pub struct ParentArgs {
    /// JSON-RPC of the parent chain.
    #[arg(
        long,
        value_name = "URL",
        env = "ALTANA_PARENT",
        default_value = "http://127.0.0.1:8545"
    )]
    pub parent: String,
    /// Beacon API of the parent, if not under the same URL.
    #[arg(long, value_name = "URL", env = "ALTANA_BEACON")]
    pub beacon: Option<String>,
}

/// Which key signs.
#[derive(Clone, Debug, Args)]
pub struct KeyArgs {
    /// File that holds the private key in hex. Without it, the key is read from ALTANA_KEY.
    #[arg(long, value_name = "FILE", env = "ALTANA_KEY_FILE")]
    pub key_file: Option<PathBuf>,
}

/// `altana deploy`.
#[derive(Clone, Debug, Args)]
pub struct Deploy {
    /// The chain's configuration, as `altana init` wrote it.
    #[arg(default_value = "chain.toml")]
    pub config: PathBuf,
    /// Folder for the deployment: addresses, genesis, configuration.
    #[arg(long, default_value = "chain")]
    pub out: PathBuf,
    /// The parent.
    #[command(flatten)]
    pub parent: ParentArgs,
    /// The deployer.
    #[command(flatten)]
    pub key: KeyArgs,
}

/// `altana node`.
#[derive(Clone, Debug, Args)]
pub struct Node {
    /// Folder that `altana deploy` wrote.
    #[arg(long, default_value = "chain")]
    pub chain: PathBuf,
    /// The parent.
    #[command(flatten)]
    pub parent: ParentArgs,
    /// What this node does.
    #[arg(long, value_delimiter = ',', default_value = "verifier")]
    pub roles: Vec<Role>,
    /// Folder for the node's data.
    #[arg(long, default_value = "data")]
    pub dir: PathBuf,
    /// Address for JSON-RPC (HTTP and WebSocket).
    #[arg(long, default_value = "127.0.0.1:9545")]
    pub http: SocketAddr,
    /// Follow this node's blocks before the parent confirms them.
    #[arg(long, value_name = "URL")]
    pub peer: Option<String>,
    /// File that holds the batcher's key. Without it, ALTANA_BATCHER_KEY.
    #[arg(long, value_name = "FILE")]
    pub batcher_key_file: Option<PathBuf>,
    /// File that holds the proposer's key. Without it, ALTANA_PROPOSER_KEY.
    #[arg(long, value_name = "FILE")]
    pub proposer_key_file: Option<PathBuf>,
    /// Seconds between a proposer's claims.
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub claim_interval: u64,
    /// File that holds the challenger's key. Without it, ALTANA_CHALLENGER_KEY.
    #[arg(long, value_name = "FILE")]
    pub challenger_key_file: Option<PathBuf>,
    /// File that holds the prover's key. Without it, ALTANA_PROVER_KEY. A proposer that proves uses
    /// its own.
    #[arg(long, value_name = "FILE")]
    pub prover_key_file: Option<PathBuf>,
    /// Folder in which this node and `altana-prover work` meet [default: `proofs` in the node's
    /// folder].
    #[arg(long, value_name = "DIR")]
    pub jobs: Option<PathBuf>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Orders transactions.
    Sequencer,
    /// Publishes batches to the parent.
    Batcher,
    /// Claims output roots on the parent, and answers wrong claims.
    Proposer,
    /// Answers wrong claims on the parent.
    Challenger,
    /// Has right claims proved by `altana-prover`, and sends the proofs to the parent.
    Prover,
    /// Derives the chain from the parent alone.
    Verifier,
}

/// `altana bridge`.
#[derive(Clone, Debug, Args)]
pub struct Bridge {
    /// What to move.
    #[command(subcommand)]
    pub action: BridgeAction,
    /// Folder that `altana deploy` wrote. Without it, the devnet of `altana dev` is asked.
    #[arg(long, global = true)]
    pub chain: Option<PathBuf>,
    /// JSON-RPC of the parent chain.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "ALTANA_PARENT",
        default_value = "http://127.0.0.1:8545"
    )]
    pub parent: String,
    /// JSON-RPC of the rollup.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "ALTANA_ROLLUP",
        default_value = "http://127.0.0.1:9545"
    )]
    pub rollup: String,
    /// File that holds the private key in hex. Without it, the key is read from ALTANA_KEY.
    #[arg(long, global = true, value_name = "FILE", env = "ALTANA_KEY_FILE")]
    pub key_file: Option<PathBuf>,
}

/// What moves, and where to.
#[derive(Clone, Debug, Args)]
pub struct Transfer {
    /// How much: ether ("0.5"), or with --token that token ("12.5").
    #[arg(required_unless_present = "id", conflicts_with = "id")]
    pub amount: Option<String>,
    /// Recipient on the other chain [default: the sender].
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<Address>,
    /// ERC-20 or ERC-721, on the chain that it leaves. The bridge is approved if it has to be.
    #[arg(long, value_name = "ADDRESS")]
    pub token: Option<Address>,
    /// Which token of an ERC-721.
    #[arg(long, requires = "token")]
    pub id: Option<U256>,
    /// The token's counterpart on the other chain [default: found by itself].
    #[arg(long, value_name = "ADDRESS", requires = "token")]
    pub remote: Option<Address>,
}

/// A step of moving funds.
#[derive(Clone, Debug, Subcommand)]
pub enum BridgeAction {
    /// From the parent to the rollup.
    Deposit {
        /// What.
        #[command(flatten)]
        transfer: Transfer,
        /// Wait until it has arrived on the rollup.
        #[arg(long)]
        wait: bool,
    },
    /// From the rollup to the parent: the first of three steps.
    Withdraw {
        /// What.
        #[command(flatten)]
        transfer: Transfer,
        /// Wait until it can be proven.
        #[arg(long)]
        wait: bool,
    },
    /// Show how far a deposit or a withdrawal is. Needs no key.
    Status {
        /// Its first transaction: on the parent for a deposit, on the rollup for a withdrawal.
        transaction: B256,
        /// Wait until it is done, or until the next step is the user's.
        #[arg(long)]
        wait: bool,
    },
    /// Prove a withdrawal against a claim on the parent: the second step.
    Prove {
        /// The transaction on the rollup that withdrew.
        transaction: B256,
        /// Wait until a claim covers it.
        #[arg(long)]
        wait: bool,
    },
    /// Have a proven withdrawal paid: the third step.
    Finalize {
        /// The transaction on the rollup that withdrew.
        transaction: B256,
        /// Wait until it may be paid.
        #[arg(long)]
        wait: bool,
    },
    /// Create the image of the parent's ERC-20 or ERC-721 on the rollup, which its deposits need.
    Create {
        /// The token on the parent.
        token: Address,
    },
    /// Run a call on the rollup through the Portal, without asking the sequencer.
    Force {
        /// Callee on the rollup.
        #[arg(required_unless_present = "create", conflicts_with = "create")]
        to: Option<Address>,
        /// Create a contract from --data instead.
        #[arg(long, requires = "data")]
        create: bool,
        /// Calldata in hex.
        #[arg(long, value_name = "HEX")]
        data: Option<Bytes>,
        /// Ether to send, out of the sender's balance on the rollup and what --mint brings.
        #[arg(long, value_name = "ETHER", default_value = "0")]
        value: String,
        /// Ether to bring along from the parent.
        #[arg(long, value_name = "ETHER", default_value = "0")]
        mint: String,
        /// Gas on the rollup [default: 200,000 and what the data cost].
        #[arg(long)]
        gas: Option<u64>,
        /// Wait until it is on the rollup.
        #[arg(long)]
        wait: bool,
    },
}

/// `altana rescue`.
#[derive(Clone, Debug, Args)]
pub struct Rescue {
    /// Folder that `altana deploy` wrote.
    #[arg(long, default_value = "chain")]
    pub chain: PathBuf,
    /// The parent.
    #[command(flatten)]
    pub parent: ParentArgs,
    /// Who pays for it; anyone may.
    #[command(flatten)]
    pub key: KeyArgs,
    /// Wait until the sequencer's time is up.
    #[arg(long)]
    pub wait: bool,
}

/// `altana dispute`.
#[derive(Clone, Debug, Args)]
pub struct Dispute {
    /// What to do.
    #[command(subcommand)]
    pub action: DisputeAction,
}

/// A way to take part in disputes.
#[derive(Clone, Debug, Subcommand)]
pub enum DisputeAction {
    /// List the claims that are not final: what they build on, their rivals, and when they end.
    Status {
        /// Folder that `altana deploy` wrote.
        #[arg(long, default_value = "chain")]
        chain: PathBuf,
        /// The parent.
        #[command(flatten)]
        parent: ParentArgs,
    },
    /// Sync, make every move that is due against wrong claims, and stop.
    Play {
        /// Folder that `altana deploy` wrote.
        #[arg(long, default_value = "chain")]
        chain: PathBuf,
        /// The parent.
        #[command(flatten)]
        parent: ParentArgs,
        /// Folder for the node's data.
        #[arg(long, default_value = "data")]
        dir: PathBuf,
        /// Who brings the bonds.
        #[command(flatten)]
        key: KeyArgs,
    },
}

/// `altana rebuild`.
#[derive(Clone, Debug, Args)]
pub struct Rebuild {
    /// Folder that `altana deploy` wrote.
    #[arg(long, default_value = "chain")]
    pub chain: PathBuf,
    /// The parent.
    #[command(flatten)]
    pub parent: ParentArgs,
    /// Compare with this node, and fail if it differs.
    #[arg(long, value_name = "URL")]
    pub compare: Option<String>,
}

/// `altana bench`.
#[derive(Clone, Debug, Args)]
pub struct Bench {
    /// What to measure [default: everything].
    #[arg(value_enum)]
    pub group: Vec<BenchGroup>,
    /// Transactions per run.
    #[arg(long, default_value_t = 40_000)]
    pub transactions: usize,
    /// The anvil to compare with [default: node_modules/.bin/anvil, else the one on PATH].
    #[arg(long, value_name = "FILE")]
    pub anvil: Option<PathBuf>,
}

/// A group of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BenchGroup {
    /// Throughput through JSON-RPC, beside anvil.
    Rpc,
    /// Throughput in process, beside signature recovery alone, and where the time goes.
    Process,
    /// How the rate falls from ten thousand to a million accounts.
    State,
    /// Rebuild from the parent, beside the rate of production.
    Rebuild,
    /// Published bytes per transaction.
    Bytes,
    /// One block in the fault proof's machine, beside native execution, and what answers take.
    Dispute,
    /// A validity proof, verified natively and by the contracts.
    Zk,
    /// Start-up time and memory of an idle devnet.
    Idle,
}
