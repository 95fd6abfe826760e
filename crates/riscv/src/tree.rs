//! The memory tree: pages that never change, shared between the states that have them in common.
//!
//! A tree is cheap to clone. Hashes are computed when they are asked for, once per node.

use crate::{
    page::{PAGE_LEVELS, PageHashes, changed_leaves},
    plain::Leaf,
    proof::{LEVELS, Proof, ZEROS, parent},
};
use alloy_primitives::B256;
use std::sync::{Arc, OnceLock};

/// Bytes of a page, the unit that is copied when it changes.
pub(crate) const PAGE_BYTES: usize = 4096;

/// Memory that a page of a tree takes, at most: its bytes, its hashes and those of an older version,
/// and its share of the nodes above.
pub(crate) const NODE_BYTES: usize = 4 * PAGE_BYTES;

/// Pages of the memory.
pub(crate) const PAGES: usize = 1 << (LEVELS - PAGE_LEVELS);

/// The bytes of a page.
pub(crate) type Page = [u8; PAGE_BYTES];

/// A subtree of at least a page; its height is known from where it stands.
#[derive(Clone, Debug, Default)]
pub(crate) enum Tree {
    /// All its bytes are zero.
    #[default]
    Zero,
    Page(Arc<PageNode>),
    Inner(Arc<InnerNode>),
}

#[derive(Debug)]
pub(crate) struct PageNode {
    bytes: Page,
    /// The nodes of an older version of the page, and which leaves have changed since.
    older: Option<(Arc<PageHashes>, u128)>,
    hashes: OnceLock<Arc<PageHashes>>,
}

#[derive(Debug)]
pub(crate) struct InnerNode {
    children: [Tree; 2],
    hash: OnceLock<B256>,
}

impl Tree {
    /// The root of the memory.
    pub(crate) fn root(&self) -> B256 {
        self.hash(LEVELS)
    }

    fn hash(&self, height: usize) -> B256 {
        match self {
            Self::Zero => ZEROS[height],
            Self::Page(page) => page.hashes().root(),
            Self::Inner(inner) => *inner.hash.get_or_init(|| {
                let [left, right] = &inner.children;
                parent(height - 1, &left.hash(height - 1), &right.hash(height - 1))
            }),
        }
    }

    /// The bytes of a page; `None` if they are all zero.
    pub(crate) fn page(&self, page: u32) -> Option<&Page> {
        let mut tree = self;
        for height in (PAGE_LEVELS..LEVELS).rev() {
            let Self::Inner(inner) = tree else { break };
            tree = &inner.children[bit(page, height)];
        }
        match tree {
            Self::Page(page) => Some(&page.bytes),
            Self::Zero | Self::Inner(_) => None,
        }
    }

    /// Replaces pages, given by their numbers in rising order.
    pub(crate) fn replace<'a>(&mut self, pages: &[u32], bytes: &impl Fn(u32) -> &'a Page) {
        self.replace_below(LEVELS, pages, bytes);
    }

    fn replace_below<'a>(
        &mut self,
        height: usize,
        pages: &[u32],
        bytes: &impl Fn(u32) -> &'a Page,
    ) {
        let Some(first) = pages.first() else { return };
        if height == PAGE_LEVELS {
            *self = Self::Page(Arc::new(PageNode::new(bytes(*first), self)));
            return;
        }
        let mut children = match self {
            Self::Inner(inner) => inner.children.clone(),
            Self::Zero | Self::Page(_) => Default::default(),
        };
        let (left, right) =
            pages.split_at(pages.partition_point(|page| bit(*page, height - 1) == 0));
        children[0].replace_below(height - 1, left, bytes);
        children[1].replace_below(height - 1, right, bytes);
        *self = Self::Inner(Arc::new(InnerNode { children, hash: OnceLock::new() }));
    }

    /// Adds the numbers of all pages that this tree and another do not share.
    pub(crate) fn differences(&self, other: &Self, pages: &mut Vec<u32>) {
        self.differences_below(other, LEVELS, 0, pages);
    }

    fn differences_below(&self, other: &Self, height: usize, first: u32, pages: &mut Vec<u32>) {
        if self.is_same(other) {
            return;
        }
        if height == PAGE_LEVELS {
            pages.push(first);
            return;
        }
        for side in 0..2 {
            let first = first | (side as u32) << (height - 1 - PAGE_LEVELS);
            self.child(side).differences_below(other.child(side), height - 1, first, pages);
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Zero, Self::Zero) => true,
            (Self::Page(a), Self::Page(b)) => Arc::ptr_eq(a, b),
            (Self::Inner(a), Self::Inner(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    fn child(&self, side: usize) -> &Self {
        match self {
            Self::Inner(inner) => &inner.children[side],
            Self::Zero | Self::Page(_) => &Self::Zero,
        }
    }

    /// The proof of the leaf that holds `address`.
    pub(crate) fn prove(&self, address: u32) -> Proof {
        let page = address / PAGE_BYTES as u32;
        let mut siblings = *ZEROS.first_chunk().expect("a zero per level");
        let mut tree = self;
        for height in (PAGE_LEVELS..LEVELS).rev() {
            let side = bit(page, height);
            siblings[height] = tree.child(1 - side).hash(height);
            tree = tree.child(side);
        }
        let Self::Page(page) = tree else { return Proof { leaf: Leaf::default(), siblings } };
        let index = address as usize % PAGE_BYTES / 32;
        for (height, sibling) in siblings.iter_mut().enumerate().take(PAGE_LEVELS) {
            *sibling = page.hashes().node(&page.bytes, height, index >> height ^ 1);
        }
        Proof { leaf: page.bytes.as_chunks().0[index], siblings }
    }
}

impl PageNode {
    /// A page in the place of another.
    fn new(bytes: &Page, before: &Tree) -> Self {
        let older = match before {
            Tree::Page(page) => page.hashes_or_older().map(|(hashes, changed)| {
                (hashes.clone(), changed | changed_leaves(&page.bytes, bytes))
            }),
            Tree::Zero | Tree::Inner(_) => None,
        };
        Self { bytes: *bytes, older, hashes: OnceLock::new() }
    }

    fn hashes_or_older(&self) -> Option<(&Arc<PageHashes>, u128)> {
        let older = || self.older.as_ref().map(|(hashes, changed)| (hashes, *changed));
        self.hashes.get().map(|hashes| (hashes, 0)).or_else(older)
    }

    fn hashes(&self) -> &PageHashes {
        self.hashes.get_or_init(|| {
            Arc::new(match &self.older {
                Some((hashes, changed)) => hashes.with_changes(&self.bytes, *changed),
                None => PageHashes::new(&self.bytes),
            })
        })
    }
}

/// Which child of a node of height `height + 1` leads to a page.
const fn bit(page: u32, height: usize) -> usize {
    (page >> (height - PAGE_LEVELS) & 1) as usize
}
