//! The guest's program on this computer, against the state transition itself.

use alloy_primitives::{B256, Bytes, keccak256};
use altana_proof::{
    BlobData, Blobs, Inputs, Refused, Run, Statement, decode_pages, history_root, output, prove,
    prove_natively, record,
};
use altana_protocol::stf::{MissingPreimage, StfOutput, Witness, public_input};
use ark_bls12_381::Fr;
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::{
    chain::{Chain, Committed, SENDERS, call, sender, sign},
    random::{build, plan},
};

struct Case {
    statement: Vec<u8>,
    pages: Bytes,
    blobs: Vec<u8>,
    run: Run,
}

fn case(batch: &Committed) -> Case {
    let (StfOutput { output_root, last_block, leaves }, mut witness) = batch.run_with_witness();
    let hash = witness.insert_batch(&batch.input.batch);
    let (config_hash, previous_root) = (batch.input.config_hash, batch.input.previous_output_root);
    let previous_batch = batch.input.batch.parent;
    let statement = Statement { config_hash, previous_root, previous_batch, batches: vec![hash] };
    let case = Case::new(&witness, &statement, batch);
    let public_input =
        public_input(config_hash, previous_root, previous_batch, hash, output_root, last_block);
    assert_eq!(case.run, Run { public_input, history: history_root([leaves]) });
    case
}

impl Case {
    fn new(witness: &Witness, statement: &Statement, batch: &Committed) -> Self {
        let blobs = batch.blobs.iter().map(|(hash, blob)| BlobData::new(*hash, blob));
        let blobs: Vec<_> = blobs.collect();
        let (inputs, run) = record(witness, statement, &blobs).unwrap();
        let Inputs { statement, blobs, pages } = inputs;
        Self { statement, blobs, pages: pages.into(), run }
    }

    fn output(&self) -> Result<B256, Refused> {
        Ok(prove_natively(&self.statement, &self.blobs, &self.pages)?.0)
    }

    fn check(&self) {
        let openings = Blobs::decode(&self.blobs).unwrap().open::<Fr>().unwrap();
        let expect = output(self.run.public_input, self.run.history, &openings);
        let run = prove_natively(&self.statement, &self.blobs, &self.pages);
        assert_eq!(run, Ok((expect, openings)));
    }
}

/// A transfer by each of some senders.
fn transfers(chain: &mut Chain, count: usize) {
    let timestamp = chain.head.timestamp + 1;
    let transfers = (0..count).map(|index| {
        let to = sender((index + 1) % SENDERS);
        sign(index, call(chain.nonce(index), to))
    });
    let transfers = transfers.collect();
    assert_eq!(chain.build(timestamp, 0, transfers), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_batches_give_what_the_state_transition_gives(
        plans in vec(plan(), 1..4),
        blobs: bool,
    ) {
        let mut chain = Chain::new();
        build(&mut chain, &plans);
        case(&chain.commit_batch(blobs)).check();
    }

    #[test]
    fn a_changed_input_is_refused_or_gives_the_same_output(
        (which, at, bit) in (0..3usize, any::<Index>(), 0..8u32),
        cut: bool,
        plans in vec(plan(), 1..3),
    ) {
        let mut chain = Chain::new();
        build(&mut chain, &plans);
        let good = case(&chain.commit_batch(true));
        let mut pages = good.pages.to_vec();
        let (mut statement, mut blobs) = (good.statement.clone(), good.blobs.clone());
        let input = match which {
            0 => &mut statement,
            1 => &mut pages,
            _ => &mut blobs,
        };
        let at = at.index(input.len());
        if cut { input.truncate(at) } else { input[at] ^= 1 << bit }
        let Ok((output, openings)) = prove_natively(&statement, &blobs, &pages.into()) else {
            return Ok(());
        };
        let (expect, truth) = prove_natively(&good.statement, &good.blobs, &good.pages).unwrap();
        if which != 2 {
            prop_assert_eq!(output, expect);
        } else {
            // A blob's own elements are for the parent chain to check, at points that they choose.
            prop_assert!(openings.iter().all(|opening| !truth.contains(opening)));
        }
    }
}

#[test]
fn batches_follow_one_another() {
    let mut chain = Chain::new();
    transfers(&mut chain, 2);
    let first = chain.commit_batch(false);
    transfers(&mut chain, 3);
    let mut second = chain.commit_batch(true);
    let (config_hash, previous_root) = (first.input.config_hash, first.input.previous_output_root);
    let previous_batch = first.input.batch.parent;
    second.input.batch.parent = first.input.batch.hash();
    let (middle, mut witness) = first.run_with_witness();
    let (end, more) = second.run_with_witness();
    for page in more.preimages() {
        witness.insert(page.clone());
    }
    let batches = [&first, &second].map(|batch| witness.insert_batch(&batch.input.batch)).to_vec();
    let mut statement = Statement { config_hash, previous_root, previous_batch, batches };
    witness.insert_blobs(second.blobs.iter().map(|(hash, blob)| (*hash, blob)));
    let mut case = Case::new(&witness, &statement, &second);
    let public_input = public_input(
        config_hash,
        previous_root,
        previous_batch,
        statement.batches[1],
        end.output_root,
        end.last_block,
    );
    let history = history_root([middle.leaves, end.leaves]);
    assert_eq!(case.run, Run { public_input, history });
    case.check();
    case.blobs.clear();
    let versioned_hash = second.blobs[0].0;
    let missing = MissingPreimage::Element { versioned_hash, index: 0 };
    assert_eq!(case.output(), Err(missing.into()));
    statement.batches.swap(0, 1);
    case.statement = statement.encode();
    assert_eq!(case.output(), Err(Refused::Parent(statement.batches[0])));
    statement.batches[0] = config_hash;
    case.statement = statement.encode();
    assert_eq!(case.output(), Err(Refused::NoBatch(config_hash)));
}

#[test]
fn pages_may_come_early_but_not_too_seldom() {
    let mut chain = Chain::new();
    transfers(&mut chain, 3);
    transfers(&mut chain, 2);
    let case = case(&chain.commit_batch(false));
    let pages = decode_pages(&case.pages).unwrap();
    let run = |pages: Vec<Bytes>| {
        prove::<Fr>(&case.statement, &case.blobs, pages.into_iter()).map(|run| run.0)
    };
    let expect = run(pages.clone());
    assert!(expect.is_ok());
    let mut backwards = pages.clone();
    backwards.reverse();
    assert_eq!(run(backwards), expect);
    for at in 0..pages.len() {
        let mut fewer = pages.clone();
        let hash = keccak256(fewer.remove(at));
        assert_eq!(run(fewer), Err(MissingPreimage::Keccak(hash).into()), "page {at}");
    }
}
