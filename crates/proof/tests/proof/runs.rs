//! The guest's program on this computer, against the state transition itself.

use alloy_primitives::{B256, Bytes};
use altana_proof::{
    BlobData, Blobs, Refused, Statement, encode_blobs, encode_pages, history_root, output,
    prove_natively,
};
use altana_protocol::stf::{MissingPreimage, StfOutput, public_input};
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
    public_input: B256,
    history: B256,
}

fn case(batch: &Committed) -> Case {
    let (StfOutput { output_root, last_block, leaves }, mut witness) = batch.run_with_witness();
    let hash = witness.insert_batch(&batch.input.batch);
    let (config_hash, previous_root) = (batch.input.config_hash, batch.input.previous_output_root);
    let previous_batch = batch.input.batch.parent;
    let statement =
        Statement { config_hash, previous_root, previous_batch, batches: vec![hash] }.encode();
    let blobs: Vec<_> = batch.blobs.iter().map(|(hash, blob)| BlobData::new(*hash, blob)).collect();
    Case {
        statement,
        pages: encode_pages(witness.entries()).into(),
        blobs: encode_blobs(&blobs),
        public_input: public_input(
            config_hash,
            previous_root,
            previous_batch,
            hash,
            output_root,
            last_block,
        ),
        history: history_root([leaves]),
    }
}

impl Case {
    fn run(&self) -> Result<B256, Refused> {
        Ok(prove_natively(&self.statement, &self.pages, &self.blobs)?.0)
    }

    fn check(&self) {
        let openings = Blobs::decode(&self.blobs).unwrap().open::<Fr>().unwrap();
        let expect = output(self.public_input, self.history, &openings);
        assert_eq!(
            prove_natively(&self.statement, &self.pages, &self.blobs),
            Ok((expect, openings))
        );
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
        let Ok((output, openings)) = prove_natively(&statement, &pages.into(), &blobs) else {
            return Ok(());
        };
        let (expect, truth) = prove_natively(&good.statement, &good.pages, &good.blobs).unwrap();
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
    let blobs: Vec<_> =
        second.blobs.iter().map(|(hash, blob)| BlobData::new(*hash, blob)).collect();
    let mut statement = Statement { config_hash, previous_root, previous_batch, batches };
    let mut case = Case {
        statement: statement.encode(),
        pages: encode_pages(witness.entries()).into(),
        blobs: encode_blobs(&blobs),
        public_input: public_input(
            config_hash,
            previous_root,
            previous_batch,
            statement.batches[1],
            end.output_root,
            end.last_block,
        ),
        history: history_root([middle.leaves, end.leaves]),
    };
    case.check();
    case.blobs.clear();
    let versioned_hash = blobs[0].versioned_hash;
    let missing = MissingPreimage::Element { versioned_hash, index: 0 };
    assert_eq!(case.run(), Err(missing.into()));
    statement.batches.swap(0, 1);
    case.statement = statement.encode();
    assert_eq!(case.run(), Err(Refused::Parent(statement.batches[0])));
    statement.batches[0] = config_hash;
    case.statement = statement.encode();
    assert_eq!(case.run(), Err(Refused::NoBatch(config_hash)));
}
