//! Round trips, and bytes of anybody.

use alloy_primitives::{B256, Bytes};
use altana_proof::{
    BATCHES_MAX, BLOBS_MAX, BlobData, Blobs, BlobsError, PagesError, Statement, StatementError,
    decode_pages, encode_blobs, encode_pages, prove_natively,
};
use altana_protocol::{batch::FIELD_ELEMENTS, stf::PREIMAGE_BYTES_MAX};
use proptest::{array::uniform32, collection::vec, prelude::*};

fn word() -> impl Strategy<Value = B256> {
    uniform32(any::<u8>()).prop_map(B256::new)
}

fn blob() -> impl Strategy<Value = BlobData> {
    (word(), vec(uniform32(any::<u8>()), 0..5)).prop_map(|(versioned_hash, mut elements)| {
        while elements.last() == Some(&[0; 32]) {
            elements.pop();
        }
        BlobData { versioned_hash, elements }
    })
}

proptest! {
    #[test]
    fn a_statement_survives_its_encoding(
        (config_hash, previous_root, previous_batch) in (word(), word(), word()),
        batches in vec(word(), 1..=BATCHES_MAX),
    ) {
        let statement = Statement { config_hash, previous_root, previous_batch, batches };
        prop_assert_eq!(Statement::decode(&statement.encode()), Ok(statement));
    }

    #[test]
    fn pages_survive_their_encoding(pages in vec(vec(any::<u8>(), 0..40), 0..9)) {
        let pages: Vec<Bytes> = pages.into_iter().map(Bytes::from).collect();
        prop_assert_eq!(decode_pages(&encode_pages(&pages).into()), Ok(pages));
    }

    #[test]
    fn blobs_answer_by_element_and_are_zero_behind(blobs in vec(blob(), 0..5)) {
        let bytes = encode_blobs(&blobs);
        let decoded = Blobs::decode(&bytes).unwrap();
        for BlobData { versioned_hash, elements } in &blobs {
            for index in 0..8u16 {
                let element = elements.get(usize::from(index)).copied().unwrap_or_default();
                prop_assert_eq!(decoded.element(*versioned_hash, index), Ok(element));
            }
        }
        prop_assert!(decoded.element(B256::ZERO, 0).is_err());
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        statement in vec(any::<u8>(), 0..200),
        pages in vec(prop_oneof![3 => Just(0), 1 => any::<u8>()], 0..200),
        blobs in vec(prop_oneof![3 => Just(0), 1 => any::<u8>()], 0..200),
    ) {
        let _ = Statement::decode(&statement);
        let _ = Blobs::decode(&blobs);
        let _ = prove_natively(&statement, &blobs, &pages.into());
    }
}

#[test]
fn a_statement_has_whole_words_and_one_batch_at_least() {
    for bytes in [0, 31, 96, 127, 129] {
        assert_eq!(Statement::decode(&vec![0; bytes]), Err(StatementError::Length(bytes)));
    }
    assert!(Statement::decode(&[0; 32 * (3 + BATCHES_MAX)]).is_ok());
    let longer = [0; 32 * (4 + BATCHES_MAX)];
    assert_eq!(Statement::decode(&longer), Err(StatementError::TooLong));
}

#[test]
fn pages_are_whole() {
    let check = |bytes: Vec<u8>, expect| {
        assert_eq!(decode_pages(&bytes.into()).err(), Some(expect));
    };
    let page = |byte| vec![1, 0, 0, 0, byte, 0, 0, 0];
    check(page(0)[..3].to_vec(), PagesError::Short);
    check(page(0)[..7].to_vec(), PagesError::Short);
    check((PREIMAGE_BYTES_MAX as u32 + 1).to_le_bytes().to_vec(), PagesError::TooLong);
    check(vec![0xff; 4], PagesError::TooLong);
}

#[test]
fn blobs_are_whole_and_rise_and_end_with_what_is_not_zero() {
    let check = |bytes: &[u8], expect| assert_eq!(Blobs::decode(bytes).err(), Some(expect));
    let blob = |hash, count: u32, elements: &[[u8; 32]]| {
        [&count.to_le_bytes()[..], &[hash; 32], elements.as_flattened()].concat()
    };
    check(&[0; 3], BlobsError::Short);
    check(&blob(1, 2, &[[1; 32]]), BlobsError::Short);
    check(&blob(1, FIELD_ELEMENTS as u32 + 1, &[]), BlobsError::TooLong);
    check(&blob(1, 1, &[[0; 32]]), BlobsError::Padded);
    check(&[blob(1, 0, &[]), blob(1, 0, &[])].concat(), BlobsError::Order);
    check(&[blob(2, 0, &[]), blob(1, 0, &[])].concat(), BlobsError::Order);
    let many = |count: usize| {
        let blobs = (0..count).map(|index| BlobData {
            versioned_hash: B256::left_padding_from(&index.to_be_bytes()),
            elements: vec![],
        });
        encode_blobs(&blobs.collect::<Vec<_>>())
    };
    assert!(Blobs::decode(&many(BLOBS_MAX)).is_ok());
    check(&many(BLOBS_MAX + 1), BlobsError::TooMany);
}

#[test]
fn formats_are_pinned() {
    let statement = Statement {
        config_hash: B256::repeat_byte(1),
        previous_root: B256::repeat_byte(2),
        previous_batch: B256::repeat_byte(3),
        batches: vec![B256::repeat_byte(4), B256::repeat_byte(5)],
    };
    let words = [[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]];
    assert_eq!(statement.encode(), words.as_flattened());
    assert_eq!(encode_pages([b"page!"]), b"\x05\0\0\0page!\0\0\0");
    let blob = BlobData { versioned_hash: B256::repeat_byte(1), elements: vec![[7; 32]] };
    let expect = [&b"\x01\0\0\0"[..], &[1; 32], &[7; 32]].concat();
    assert_eq!(encode_blobs([&blob, &blob]), expect);
}
