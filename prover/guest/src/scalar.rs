//! The field of blobs' elements, with the machine's instructions.

use altana_proof::Scalar;
use openvm_algebra_guest::{DivAssignUnsafe as _, IntMod as _, moduli_macros::moduli_declare};

moduli_declare! {
    // Of BLS12-381.
    BlobScalar { modulus = "0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001" },
}

impl Scalar for BlobScalar {
    fn read(bytes: &[u8; 32]) -> Option<Self> {
        Self::from_be_bytes(bytes)
    }

    fn write(&self) -> [u8; 32] {
        // What an instruction gives may be above the modulus in a dishonest run.
        self.assert_reduced();
        self.to_be_bytes()
    }

    fn divide(&mut self, by: &Self) {
        self.div_assign_unsafe(by);
    }
}
